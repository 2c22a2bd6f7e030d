//! Draws the table's first suite as a chart that is readable on light and dark pages.

use std::iter::{self, zip};

use svg::Document;
use svg::node::element::{Circle, Group, Line, Polyline, Rectangle, Style, Text};

use crate::Error;
use crate::report::{Report, SuiteReport};

/// The contestants shown, each with its label and its classes.
const SERIES: [(&str, &str, &str); 9] = [
    ("wantwrite, `write`", "wantwrite, ring", "ours"),
    ("wantwrite, `slot`", "wantwrite, slot", "ours slot"),
    ("wantwrite, `write`, AWS-LC", "wantwrite, AWS-LC", "ours aws"),
    ("rustls", "rustls", "rustls"),
    ("rustls 0.24-dev, AWS-LC", "rustls 0.24-dev", "rustls next"),
    ("s2n-tls", "s2n-tls", "s2n"),
    ("BoringSSL", "BoringSSL", "boring"),
    ("GnuTLS", "GnuTLS", "gnutls"),
    ("OpenSSL", "OpenSSL", "openssl"),
];

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 520.0;
/// The margins of the plot. The lines' labels are to its right.
const LEFT: f64 = 52.0;
const RIGHT: f64 = WIDTH - 172.0;
const TOP: f64 = 70.0;
const BOTTOM: f64 = HEIGHT - 128.0;
/// The distance between the labels of two lines.
const LABEL_GAP: f64 = 17.0;

/// The values at which the axis can begin, have a grid line, and end.
const RATIOS: [f64; 12] = [0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0];

pub(crate) fn draw(report: &Report) -> Result<Document, Error> {
    let suite = report.suites.first().ok_or("nothing was measured")?;
    let plot = Plot::new(suite)?;
    let title = format!("Sealing TLS 1.3 records with {}", suite.suite);
    let measure = "CPU time as a multiple of ring alone, by bytes per write, drained after each";
    let Report { date, machine, command, .. } = report;
    let run = format!("{machine}, {date}, {}", report.rounds());
    let versions = report.versions();
    let captions = iter::once(run).chain(versions.chunks(4).map(|line| line.join(", ")));
    let mut document = Document::new()
        .set("viewBox", (0, 0, WIDTH, HEIGHT))
        .set("width", WIDTH)
        .set("height", HEIGHT)
        .set("role", "img")
        .set("aria-label", format!("{title}: {measure}"))
        .add(Style::new(style()))
        .add(Rectangle::new().set("class", "page").set("width", WIDTH).set("height", HEIGHT))
        .add(text(LEFT, 28.0, "title", &title))
        .add(text(LEFT, 48.0, "small", measure))
        .add(plot.axes())
        .add(plot.lines())
        .add(plot.labels());
    let mut y = BOTTOM + 50.0;
    for caption in captions {
        document = document.add(text(LEFT, y, "small", &caption));
        y += 17.0;
    }
    Ok(document.add(text(LEFT, y, "small code", command)))
}

struct Plot {
    bytes: Vec<f64>,
    series: Vec<Series>,
    lowest: f64,
    highest: f64,
}

struct Series {
    label: &'static str,
    class: &'static str,
    ratios: Vec<f64>,
}

impl Plot {
    fn new(suite: &SuiteReport) -> Result<Self, Error> {
        let cases: Vec<_> = suite.cases.iter().filter(|case| case.writes == 1).collect();
        let bytes = cases.iter().map(|case| Ok(f64::from(u32::try_from(case.bytes)?)));
        let series = SERIES.iter().filter_map(|&(contestant, label, class)| {
            let ratios = cases.iter().map(|case| case.ratios.get(contestant).copied());
            Some(Series { label, class, ratios: ratios.collect::<Option<_>>()? })
        });
        let (bytes, series) = (bytes.collect::<Result<_, Error>>()?, series.collect::<Vec<_>>());
        let all = || series.iter().flat_map(|series| &series.ratios).copied();
        let below = |ratio: &f64| *ratio < 1.0 && all().all(|other| *ratio <= other);
        let above = |ratio: &f64| all().all(|other| *ratio >= other);
        let lowest = RATIOS.into_iter().rfind(below).ok_or("a ratio below the axis")?;
        let highest = RATIOS.into_iter().find(above).ok_or("a ratio above the axis")?;
        Ok(Self { bytes, series, lowest, highest })
    }

    fn x(&self, bytes: f64) -> f64 {
        let (first, last) = (self.bytes[0], self.bytes[self.bytes.len() - 1]);
        tenths(LEFT + (RIGHT - LEFT) * (bytes / first).ln() / (last / first).ln())
    }

    fn y(&self, ratio: f64) -> f64 {
        let height = (ratio / self.lowest).ln() / (self.highest / self.lowest).ln();
        tenths(BOTTOM - (BOTTOM - TOP) * height)
    }

    fn axes(&self) -> Group {
        let mut group = Group::new();
        for ratio in RATIOS.into_iter().filter(|ratio| (self.lowest..=self.highest).contains(ratio))
        {
            let y = self.y(ratio);
            let class = if ratio == 1.0 { "alone" } else { "grid" };
            group = group.add(line((LEFT, y), (RIGHT, y), class)).add(text(
                LEFT - 8.0,
                y + 4.0,
                "small end",
                &ratio.to_string(),
            ));
        }
        for &bytes in &self.bytes {
            let x = self.x(bytes);
            group = group.add(line((x, BOTTOM), (x, BOTTOM + 5.0), "grid")).add(text(
                x,
                BOTTOM + 20.0,
                "small middle",
                &binary(bytes),
            ));
        }
        group
    }

    fn lines(&self) -> Group {
        let mut group = Group::new();
        for Series { class, ratios, .. } in self.series.iter().rev() {
            let points: Vec<_> = zip(&self.bytes, ratios)
                .map(|(&bytes, &ratio)| (self.x(bytes), self.y(ratio)))
                .collect();
            let mut line = Group::new().set("class", *class);
            line = line.add(Polyline::new().set("points", points.clone()));
            for (x, y) in points {
                line = line.add(Circle::new().set("cx", x).set("cy", y).set("r", 3));
            }
            group = group.add(line);
        }
        group
    }

    /// Places the labels at the ends of the lines, moved apart where they would overlap.
    fn labels(&self) -> Group {
        let mut labels: Vec<_> = self
            .series
            .iter()
            .filter_map(|series| Some((series.label, series.class, *series.ratios.last()?)))
            .chain([("ring alone", "alone", 1.0)])
            .map(|(label, class, ratio)| (label, class, self.y(ratio), self.y(ratio)))
            .collect();
        labels.sort_by(|(_, _, _, a), (_, _, _, b)| a.total_cmp(b));
        for _ in 0..100 {
            for i in 1..labels.len() {
                let overlap = LABEL_GAP - (labels[i].3 - labels[i - 1].3);
                if overlap > 0.0 {
                    labels[i - 1].3 -= overlap / 2.0;
                    labels[i].3 += overlap / 2.0;
                }
            }
        }
        labels.into_iter().fold(Group::new(), |group, (label, class, end, y)| {
            let label = Group::new()
                .set("class", class)
                .add(line((RIGHT + 6.0, end), (RIGHT + 18.0, tenths(y)), "leader"))
                .add(text(RIGHT + 22.0, y + 4.5, "label", label));
            group.add(label)
        })
    }
}

fn text(x: f64, y: f64, class: &str, content: &str) -> Text {
    Text::new(content).set("x", x).set("y", tenths(y)).set("class", class)
}

fn line((x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) -> Line {
    Line::new().set("x1", x1).set("y1", y1).set("x2", x2).set("y2", y2).set("class", class)
}

fn tenths(length: f64) -> f64 {
    (length * 10.0).round() / 10.0
}

fn binary(bytes: f64) -> String {
    match bytes {
        mebibytes if mebibytes >= 1_048_576.0 => format!("{} MiB", mebibytes / 1_048_576.0),
        kibibytes if kibibytes >= 1024.0 => format!("{} KiB", kibibytes / 1024.0),
        bytes => format!("{bytes} B"),
    }
}

/// The page background is drawn too: a viewer's light or dark mode can differ from that of the
/// surrounding page.
fn style() -> String {
    let [light, dark] = [0, 1].map(|mode| {
        let rule = |(selectors, property, colours): &(_, _, [&str; 2])| {
            format!("{selectors} {{ {property}: {} }}\n", colours[mode])
        };
        let of_series = |(class, colours): &(_, [&str; 2])| {
            let colour = colours[mode];
            format!(
                ".{class} circle, .{class} text {{ fill: {colour} }}\n\
                 .{class} polyline, .{class} .leader {{ stroke: {colour} }}\n"
            )
        };
        PAGE.iter().map(rule).chain(COLOURS.iter().map(of_series)).collect::<String>()
    });
    format!("{SHAPES}{light}@media (prefers-color-scheme: dark) {{\n{dark}}}\n")
}

const SHAPES: &str = "
text { font: 12px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif }
.title { font-size: 17px; font-weight: 600 }
.code { font: 11px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
.label { font-size: 13px }
.end { text-anchor: end }
.middle { text-anchor: middle }
.alone { stroke-dasharray: 2 3 }
polyline { fill: none; stroke-width: 1.6 }
.ours polyline { stroke-width: 3 }
.ours .label { font-weight: 600 }
.slot polyline { stroke-dasharray: 6 4 }
.aws polyline, .next polyline { stroke-dasharray: 12 4 }
";

/// The colours on light pages and on dark ones.
const PAGE: [(&str, &str, [&str; 2]); 5] = [
    (".page", "fill", ["#ffffff", "#0d1117"]),
    (".title", "fill", ["#1f2328", "#e6edf3"]),
    (".small, .alone text", "fill", ["#59636e", "#9198a1"]),
    (".grid", "stroke", ["#d8dee4", "#2b323b"]),
    ("line.alone, .alone line", "stroke", ["#59636e", "#9198a1"]),
];

const COLOURS: [(&str, [&str; 2]); 6] = [
    ("ours", ["#0550ae", "#58a6ff"]),
    ("rustls", ["#bc4c00", "#ff9b5e"]),
    ("s2n", ["#8250df", "#bc8cff"]),
    ("boring", ["#bf3989", "#ff80c0"]),
    ("gnutls", ["#1a7f37", "#56d364"]),
    ("openssl", ["#9a6700", "#e3b341"]),
];
