/// The looks of the page: one accent for the model, one for what it is compared with, paper by day and by night.
enum ReportStyle {
    static let css = """
        :root {
          color-scheme: light dark;
          --paper: #fbfaf7; --card: #ffffff; --ink: #23262b; --soft: #5f666e; --faint: #8b9199; --line: #e6e2da;
          --accent: #1d5f8a; --accent-wash: #1d5f8a24; --other: #b8762a; --warm: #b5493c; --warm-wash: #b5493c2b;
          --cool: #2c7a68; --cool-wash: #2c7a682b; --hush: #efece5;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --paper: #16181c; --card: #1c1f24; --ink: #e9e6df; --soft: #a8adb4; --faint: #7d838b; --line: #2e3238;
            --accent: #7fb8e0; --accent-wash: #7fb8e02e; --other: #dba45c; --warm: #e58b7c; --warm-wash: #e58b7c33;
            --cool: #6cc3ab; --cool-wash: #6cc3ab2e; --hush: #24282e;
          }
        }
        * { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; }
        body {
          margin: 0; background: var(--paper); color: var(--ink);
          font: 17px/1.6 Charter, "Bitstream Charter", "Iowan Old Style", "Palatino Linotype", Georgia, "Liberation Serif", serif;
        }
        main { max-width: 960px; margin: 0 auto; padding: 64px 28px 96px; }
        h1, h2, h3 { font-weight: 600; line-height: 1.2; letter-spacing: -0.011em; text-wrap: balance; }
        h1 { font-size: 46px; margin: 6px 0 18px; }
        h2 { font-size: 28px; margin: 0 0 10px; }
        h3 { font-size: 19px; margin: 28px 0 6px; }
        p { margin: 0 0 14px; max-width: 44em; text-wrap: pretty; }
        .over, .title, .kpi, table, figcaption, svg, .tag, nav, dl, footer, .legend {
          font-family: "Inter", system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Liberation Sans", sans-serif;
        }
        .over { color: var(--accent); font-size: 13px; font-weight: 600; letter-spacing: 0.04em; margin: 0; }
        .lede { font-size: 21px; line-height: 1.5; color: var(--soft); max-width: 46em; margin-bottom: 30px; }
        .lede strong { color: var(--ink); font-weight: 600; }
        section { margin-top: 76px; }
        .kpis { display: grid; grid-template-columns: repeat(4, 1fr); gap: 14px; margin: 0 0 22px; }
        .kpi { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 18px 18px 16px; }
        .kpi b { display: block; font-size: 34px; font-weight: 600; line-height: 1.1; letter-spacing: -0.02em;
          font-variant-numeric: tabular-nums; margin: 4px 0 6px; }
        .kpi span { display: block; font-size: 13px; color: var(--soft); line-height: 1.4; }
        .kpi .name { color: var(--ink); font-weight: 600; }
        nav { font-size: 14px; margin-top: 26px; }
        nav a { color: var(--soft); text-decoration: none; margin-right: 18px; white-space: nowrap; line-height: 2; }
        nav a:hover { color: var(--accent); }
        .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 22px; margin-top: 22px; align-items: stretch; }
        figure { margin: 22px 0 0; background: var(--card); border: 1px solid var(--line); border-radius: 12px;
          padding: 18px 18px 14px; break-inside: avoid; }
        .pair figure { margin: 0; }
        figure .title { font-size: 14.5px; font-weight: 600; margin: 0 0 8px; }
        figcaption { font-size: 13px; line-height: 1.5; color: var(--soft); margin-top: 8px; }
        svg { display: block; width: 100%; height: auto; overflow: visible; }
        svg text { font-size: 12px; fill: var(--soft); font-variant-numeric: tabular-nums; }
        svg .axis { fill: var(--faint); }
        svg .label { fill: var(--ink); font-weight: 500; }
        svg .label-model { fill: var(--accent); font-weight: 600; }
        svg .label-other { fill: var(--other); font-weight: 600; }
        svg .label-faint { fill: var(--faint); }
        svg .big { font-size: 24px; font-weight: 600; fill: var(--ink); }
        svg .grid { stroke: var(--line); stroke-width: 1; }
        svg .rule { stroke: var(--faint); stroke-width: 1; }
        svg .chance { fill: none; stroke: var(--faint); stroke-width: 1.2; stroke-dasharray: 4 4; }
        svg .model { fill: none; stroke: var(--accent); stroke-width: 2.4; stroke-linejoin: round; stroke-linecap: round; }
        svg .model-thin { fill: none; stroke: var(--accent); stroke-width: 1.6; }
        svg .other { fill: none; stroke: var(--other); stroke-width: 2; stroke-linejoin: round; }
        svg .quiet { fill: none; stroke: var(--faint); stroke-width: 1.6; stroke-linejoin: round; }
        svg .wash { fill: var(--accent-wash); stroke: none; }
        svg .dot { fill: var(--accent); stroke: var(--card); stroke-width: 1.5; }
        svg .dot-other { fill: var(--other); stroke: var(--card); stroke-width: 1.5; }
        svg .dot-quiet { fill: var(--faint); stroke: var(--card); stroke-width: 1.5; }
        svg .ring { fill: var(--card); stroke: var(--accent); stroke-width: 2.4; }
        svg .bar { fill: var(--accent); }
        svg .bar-soft { fill: var(--accent-wash); }
        svg .bar-hush { fill: var(--hush); }
        svg .bar-warm { fill: var(--warm); }
        svg .bar-cool { fill: var(--cool); }
        svg .tile-warm { fill: var(--warm-wash); }
        svg .tile-cool { fill: var(--cool-wash); }
        svg .tile-hush { fill: var(--hush); }
        svg .up { stroke: var(--warm); stroke-width: 2; }
        svg .down { stroke: var(--cool); stroke-width: 2; }
        svg .dot-up { fill: var(--warm); stroke: var(--card); stroke-width: 1.5; }
        svg .dot-down { fill: var(--cool); stroke: var(--card); stroke-width: 1.5; }
        .scroll { overflow-x: auto; margin-top: 18px; }
        table { border-collapse: collapse; width: 100%; font-size: 14px; line-height: 1.45;
          font-variant-numeric: tabular-nums; }
        th { text-align: left; font-weight: 500; color: var(--faint); font-size: 13px; padding: 6px 14px 8px 0;
          border-bottom: 1px solid var(--line); vertical-align: bottom; }
        td { padding: 8px 14px 8px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
        th.n, td.n { text-align: right; white-space: nowrap; }
        th:last-child, td:last-child { padding-right: 0; }
        tr.chosen td { font-weight: 600; color: var(--accent); }
        td small { display: block; color: var(--soft); font-size: 12.5px; font-weight: 400; }
        .meter { display: inline-block; width: 90px; height: 8px; border-radius: 4px; background: var(--hush);
          vertical-align: middle; margin-right: 8px; overflow: hidden; }
        .meter i { display: block; height: 100%; background: var(--accent); border-radius: 4px; }
        .tag { display: inline-block; font-size: 12px; font-weight: 600; padding: 1px 8px; border-radius: 9px;
          background: var(--hush); color: var(--soft); white-space: nowrap; }
        .tag.good { background: var(--cool-wash); color: var(--cool); }
        .tag.bad { background: var(--warm-wash); color: var(--warm); }
        .legend { font-size: 13px; color: var(--soft); margin: 14px 0 0; max-width: none; }
        .legend i { display: inline-block; width: 18px; height: 3px; border-radius: 2px; margin: 0 7px 3px 0;
          background: var(--accent); }
        .legend i.other { background: var(--other); }
        .legend i.band { height: 11px; background: var(--accent-wash); margin-bottom: -1px; }
        .legend span { margin-right: 22px; white-space: nowrap; }
        dl { display: grid; grid-template-columns: repeat(4, 1fr); gap: 18px 22px; margin: 20px 0 0; }
        dt { font-size: 13px; color: var(--soft); }
        dd { margin: 0; font-size: 20px; font-weight: 600; font-variant-numeric: tabular-nums; letter-spacing: -0.01em; }
        .warn { background: var(--warm-wash); border-radius: 12px; padding: 16px 20px; margin: 22px 0; }
        .warn p { margin: 0; max-width: none; }
        .guide { columns: 2; column-gap: 40px; margin-top: 18px; }
        .guide div { break-inside: avoid; margin-bottom: 20px; }
        .guide h3 { margin: 0 0 4px; font-size: 17px; }
        .guide p { font-size: 16px; line-height: 1.55; margin: 0; }
        footer { margin-top: 76px; padding-top: 20px; border-top: 1px solid var(--line); font-size: 13px; color: var(--soft); }
        footer p { max-width: none; overflow-wrap: anywhere; }
        @media (max-width: 760px) {
          main { padding: 36px 18px 64px; }
          h1 { font-size: 34px; }
          .pair { grid-template-columns: 1fr; }
          .kpis, dl { grid-template-columns: 1fr 1fr; }
          .guide { columns: 1; }
        }
        @media print {
          :root { --paper: #ffffff; --card: #ffffff; --ink: #000000; --soft: #444444; --faint: #777777; --line: #d5d5d5;
            --accent: #1d5f8a; --accent-wash: #1d5f8a24; --other: #b8762a; --warm: #b5493c; --warm-wash: #b5493c2b;
            --cool: #2c7a68; --cool-wash: #2c7a682b; --hush: #eeeeee; }
          body { font-size: 11pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
          main { max-width: none; padding: 0; }
          nav { display: none; }
          section { margin-top: 32px; }
          h2, h3, figure .title { break-after: avoid; }
          table, tr, .kpi { break-inside: avoid; }
        }
        @page { margin: 18mm; }
        """
}
