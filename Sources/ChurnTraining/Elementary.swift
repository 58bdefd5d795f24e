internal import ChurnBase

// libm's functions under names of their own: `log` and `exp` are also names of cases and of what is measured here.

@inline(__always)
func naturalLogarithm(_ x: Double) -> Double {
    log(x)
}

@inline(__always)
func exponentialFunction(_ x: Double) -> Double {
    exp(x)
}
