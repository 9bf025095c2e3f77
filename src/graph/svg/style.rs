//! Colours and type. Light by default, dark for readers who prefer it; both have a background of
//! their own, so that the picture stands on any page.

/// The style sheet of every picture. Four hues, one per kind of place: blue for public, green for
/// private, orange for the group, violet for endpoints.
pub const STYLE: &str = "\
text { font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; font-size: 12px; fill: #1f2328 }
.title { font-size: 20px; font-weight: 600 }
.heading { font-size: 13px; font-weight: 600 }
.note { font-size: 11px; fill: #59636e }
.label { font-size: 11px }
.code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace; font-size: 11px }
.page { fill: #ffffff; stroke: #d1d9e0 }
.region { fill: none; stroke: #818b98; stroke-dasharray: 5 4 }
.vpc { fill: #fbfcfd; stroke: #818b98 }
.zone { fill: none; stroke: #afb8c1; stroke-dasharray: 3 3 }
.card { fill: #f6f8fa; stroke: #d1d9e0 }
.inset { fill: #ffffff; stroke: #d1d9e0 }
.public { fill: #ddf4ff; stroke: #80ccff }
.private { fill: #e6f8ea; stroke: #7fd08f }
.group { fill: #fff5eb; stroke: #e16f24; stroke-width: 1.5 }
.worker { fill: #ffffff; stroke: #e16f24 }
.endpoints { fill: #f8f0ff; stroke: #b083f0; stroke-width: 1.5 }
.gateway { fill: #ffffff; stroke: #0969da; stroke-width: 1.5 }
.path { fill: none; stroke: #59636e; stroke-width: 1.5; stroke-linejoin: round }
.indirect { stroke-dasharray: 4 4 }
.head { fill: #59636e }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.note { fill: #9198a1 }
.page { fill: #0d1117; stroke: #3d444d }
.region { stroke: #656c76 }
.vpc { fill: #10161e; stroke: #656c76 }
.zone { stroke: #4b535d }
.card { fill: #151b23; stroke: #3d444d }
.inset { fill: #0d1117; stroke: #3d444d }
.public { fill: #0f2743; stroke: #1f6feb }
.private { fill: #10271a; stroke: #2a7d3f }
.group { fill: #2a1a0f; stroke: #db6d28 }
.worker { fill: #0d1117; stroke: #db6d28 }
.endpoints { fill: #20163a; stroke: #8957e5 }
.gateway { fill: #0d1117; stroke: #4493f8 }
.path { stroke: #9198a1 }
.head { fill: #9198a1 }
}
";
