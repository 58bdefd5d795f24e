/// A picture with two axes, as SVG whose colours are classes of the page.
struct Plot {
    struct Point: Equatable {
        var x: Double
        var y: Double
    }

    enum Anchor: String { case start, middle, end }

    let width: Double
    let height: Double
    private let area: (left: Double, right: Double, top: Double, bottom: Double)
    private let xRange: ClosedRange<Double>
    private let yRange: ClosedRange<Double>
    /// What a person who cannot see it is told.
    private let description: String
    private var body = ""

    init(
        _ description: String,
        width: Double = 440,
        height: Double = 330,
        x: ClosedRange<Double> = 0...1,
        y: ClosedRange<Double> = 0...1,
        left: Double = 46,
        right: Double = 14,
        top: Double = 12,
        bottom: Double = 44
    ) {
        self.description = description
        self.width = width
        self.height = height
        area = (left, width - right, top, height - bottom)
        xRange = Self.widened(x)
        yRange = Self.widened(y)
    }

    /// A range that has a width.
    private static func widened(_ range: ClosedRange<Double>) -> ClosedRange<Double> {
        range.lowerBound < range.upperBound ? range : (range.lowerBound - 0.5)...(range.upperBound + 0.5)
    }

    func x(_ value: Double) -> Double {
        area.left + (value - xRange.lowerBound) / (xRange.upperBound - xRange.lowerBound) * (area.right - area.left)
    }

    func y(_ value: Double) -> Double {
        area.bottom - (value - yRange.lowerBound) / (yRange.upperBound - yRange.lowerBound) * (area.bottom - area.top)
    }

    var left: Double { area.left }
    var right: Double { area.right }
    var top: Double { area.top }
    var bottom: Double { area.bottom }

    /// In hundredths of a unit: finer is never seen.
    static func coordinate(_ value: Double) -> String {
        let hundredths = (value * 100).rounded() / 100
        guard hundredths.isFinite, hundredths.magnitude < 1e9 else { return "0" }
        return hundredths == hundredths.rounded() ? String(Int(hundredths)) : "\(hundredths)"
    }

    // MARK: Marks at values

    mutating func line(_ points: [Point], _ style: String) {
        guard !points.isEmpty else { return }
        body += "<path class=\"\(style)\" d=\"\(path(points))\"/>\n"
    }

    mutating func band(_ points: [(x: Double, lower: Double, upper: Double)], _ style: String) {
        guard !points.isEmpty else { return }
        let outline =
            points.map { Point(x: $0.x, y: $0.upper) } + points.reversed().map { Point(x: $0.x, y: $0.lower) }
        body += "<path class=\"\(style)\" d=\"\(path(outline))Z\"/>\n"
    }

    mutating func dot(_ point: Point, radius: Double = 3.5, _ style: String) {
        let (cx, cy) = (Self.coordinate(x(point.x)), Self.coordinate(y(point.y)))
        body += "<circle class=\"\(style)\" cx=\"\(cx)\" cy=\"\(cy)\" r=\"\(Self.coordinate(radius))\"/>\n"
    }

    mutating func label(
        _ text: String,
        at point: Point,
        dx: Double = 0,
        dy: Double = 0,
        _ anchor: Anchor = .start,
        _ style: String = "label"
    ) {
        self.text(text, x: x(point.x) + dx, y: y(point.y) + dy, anchor, style)
    }

    private func path(_ points: [Point]) -> String {
        var path = ""
        for (index, point) in points.enumerated() {
            path += "\(index == 0 ? "M" : "L")\(Self.coordinate(x(point.x))) \(Self.coordinate(y(point.y)))"
        }
        return path
    }

    // MARK: Marks at places

    mutating func segment(x1: Double, y1: Double, x2: Double, y2: Double, _ style: String) {
        body +=
            "<line class=\"\(style)\" x1=\"\(Self.coordinate(x1))\" y1=\"\(Self.coordinate(y1))\" "
            + "x2=\"\(Self.coordinate(x2))\" y2=\"\(Self.coordinate(y2))\"/>\n"
    }

    mutating func box(x: Double, y: Double, width: Double, height: Double, radius: Double = 0, _ style: String) {
        guard width > 0, height > 0 else { return }
        body +=
            "<rect class=\"\(style)\" x=\"\(Self.coordinate(x))\" y=\"\(Self.coordinate(y))\" "
            + "width=\"\(Self.coordinate(width))\" height=\"\(Self.coordinate(height))\" rx=\"\(Self.coordinate(radius))\"/>\n"
    }

    mutating func circle(x: Double, y: Double, radius: Double, _ style: String) {
        body +=
            "<circle class=\"\(style)\" cx=\"\(Self.coordinate(x))\" cy=\"\(Self.coordinate(y))\" "
            + "r=\"\(Self.coordinate(radius))\"/>\n"
    }

    mutating func text(_ text: String, x: Double, y: Double, _ anchor: Anchor = .start, _ style: String = "tick") {
        body +=
            "<text class=\"\(style)\" x=\"\(Self.coordinate(x))\" y=\"\(Self.coordinate(y))\" "
            + "text-anchor=\"\(anchor.rawValue)\">\(escaped(text))</text>\n"
    }

    // MARK: Axes

    mutating func xAxis(_ ticks: [(value: Double, text: String)], title: String = "", hasGrid: Bool = false) {
        for tick in ticks {
            if hasGrid { segment(x1: x(tick.value), y1: top, x2: x(tick.value), y2: bottom, "grid") }
            text(tick.text, x: x(tick.value), y: bottom + 17, .middle)
        }
        if !title.isEmpty { text(title, x: (left + right) / 2, y: height - 6, .middle, "axis") }
    }

    mutating func yAxis(_ ticks: [(value: Double, text: String)]) {
        for tick in ticks {
            segment(x1: left, y1: y(tick.value), x2: right, y2: y(tick.value), "grid")
            text(tick.text, x: left - 8, y: y(tick.value) + 4, .end)
        }
    }

    /// 0 % to 100 % on both.
    mutating func shareAxes(x title: String) {
        let ticks = [0.0, 0.25, 0.5, 0.75, 1].map { ($0, ReportText.percent($0, decimals: 0)) }
        yAxis(ticks)
        xAxis(ticks, title: title)
    }

    var svg: String {
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Self.coordinate(width)) \(Self.coordinate(height))\" "
            + "role=\"img\" aria-label=\"\(escaped(description))\">\n\(body)</svg>\n"
    }
}

/// Round values for an axis over a range: about `count` of them, 1, 2 or 5 times a power of ten apart.
func roundTicks(_ range: ClosedRange<Double>, about count: Int) -> (values: [Double], decimals: Int) {
    let span = range.upperBound - range.lowerBound
    guard span > 0, span.isFinite, count > 0 else { return ([range.lowerBound], 2) }
    var power = 1.0
    var decimals = 0
    while power > span / Double(count), decimals < 12 {
        power /= 10
        decimals += 1
    }
    while power * 10 <= span / Double(count), power < 1e15 { power *= 10 }
    let step = [1.0, 2, 5, 10].map { $0 * power }.first { span / $0 <= Double(count) } ?? power * 10
    let first = (range.lowerBound / step).rounded(.up)
    let last = (range.upperBound / step).rounded(.down)
    guard first <= last, last - first < 1_000 else { return ([range.lowerBound], decimals) }
    return ((0...Int(last - first)).map { (first + Double($0)) * step }, decimals)
}
