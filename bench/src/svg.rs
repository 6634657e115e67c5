//! Drawings as SVG text: light on a dark page, dark on a light one, with words for those who cannot see them.

use std::fmt::Write;

/// Colours by class, for both kinds of page.
const STYLE: &str = "\
svg{--ink:#1f2328;--soft:#59636e;--rule:#d8dee4;--floor:#9aa4ae;--ours:#d9480f;--other:#1c7ed6;--limit:#c92a2a}
@media(prefers-color-scheme:dark){svg{--ink:#e6edf3;--soft:#9198a1;--rule:#30363d;--floor:#6e7681;--ours:#ff922b;--other:#4dabf7;\
--limit:#ff8787}}
text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;fill:var(--ink)}
text.title{font-size:13px;font-weight:600}
text.soft{fill:var(--soft);font-size:11px}
text.limit{fill:var(--limit);font-size:11px}
rect.floor,circle.floor{fill:var(--floor)}rect.ours,circle.ours{fill:var(--ours)}rect.other,circle.other{fill:var(--other)}
line.rule{stroke:var(--rule)}
line.limit{stroke:var(--limit);stroke-dasharray:4 3}
polyline{fill:none;stroke-width:2;stroke-linejoin:round}
polyline.ours{stroke:var(--ours)}polyline.other{stroke:var(--other)}
.dashed{stroke-dasharray:5 4}";

/// Where a text stands from its place.
#[derive(Clone, Copy, Debug)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// A drawing that grows. Lengths are in pixels from the upper left corner.
pub struct Drawing {
    title: String,
    description: String,
    width: f64,
    body: String,
}

impl Drawing {
    /// An empty one. `description` says in words what is to be seen.
    pub fn new(title: &str, description: &str, width: f64) -> Self {
        Self { title: escaped(title), description: escaped(description), width, body: String::new() }
    }

    /// Words on the base line `y`.
    pub fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, class: &str, words: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => r#" text-anchor="middle""#,
            Anchor::End => r#" text-anchor="end""#,
        };
        let (x, y) = (length(x), length(y));
        self.add(&format!(r#"<text x="{x}" y="{y}" class="{class}"{anchor}>{}</text>"#, escaped(words)));
    }

    /// A bar from its upper left corner.
    pub fn bar(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), class: &str) {
        // Whatever is there is to be seen.
        let (x, y, width, height) = (length(x), length(y), length(width.max(1.5)), length(height));
        self.add(&format!(
            r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="2" class="{class}"/>"#
        ));
    }

    /// A straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(length);
        self.add(&format!(r#"<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" class="{class}"/>"#));
    }

    /// A line through points, and a dot on each.
    pub fn curve(&mut self, points: &[(f64, f64)], class: &str, dashed: bool) {
        let mut places = String::new();
        for (x, y) in points {
            let _ = write!(places, "{},{} ", length(*x), length(*y));
        }
        let dashes = if dashed { " dashed" } else { "" };
        self.add(&format!(r#"<polyline points="{}" class="{class}{dashes}"/>"#, places.trim_end()));
        for (x, y) in points {
            let (x, y) = (length(*x), length(*y));
            self.add(&format!(r#"<circle cx="{x}" cy="{y}" r="3" class="{class}"/>"#));
        }
    }

    /// The whole, this high.
    pub fn finish(self, height: f64) -> String {
        let (width, height) = (length(self.width), length(height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"title description\">\n\
             <title id=\"title\">{}</title>\n<desc id=\"description\">{}</desc>\n\
             <style>\n{STYLE}\n</style>\n{}</svg>\n",
            self.title, self.description, self.body
        )
    }

    fn add(&mut self, element: &str) {
        self.body += element;
        self.body.push('\n');
    }
}

/// To the tenth of a pixel.
fn length(pixels: f64) -> String {
    let text = format!("{pixels:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

fn escaped(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_is_its_elements_in_order() {
        let mut drawing = Drawing::new("A & B", "one bar, two dots", 100.0);
        drawing.text((0.0, 12.0), Anchor::End, "title", "x < 3");
        drawing.bar((10.0, 20.25), (0.1, 8.0), "ours");
        drawing.line((0.0, 0.0), (5.0, 5.0), "rule");
        drawing.curve(&[(1.0, 2.0), (3.0, 4.55)], "other", true);
        let svg = drawing.finish(50.0);
        let body = svg.split("</style>\n").nth(1).unwrap();
        assert_eq!(
            body,
            "<text x=\"0\" y=\"12\" class=\"title\" text-anchor=\"end\">x &lt; 3</text>\n\
             <rect x=\"10\" y=\"20.2\" width=\"1.5\" height=\"8\" rx=\"2\" class=\"ours\"/>\n\
             <line x1=\"0\" y1=\"0\" x2=\"5\" y2=\"5\" class=\"rule\"/>\n\
             <polyline points=\"1,2 3,4.5\" class=\"other dashed\"/>\n\
             <circle cx=\"1\" cy=\"2\" r=\"3\" class=\"other\"/>\n\
             <circle cx=\"3\" cy=\"4.5\" r=\"3\" class=\"other\"/>\n\
             </svg>\n"
        );
        let head = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"100\" height=\"50\" viewBox=\"0 0 100 50\" \
                    role=\"img\" aria-labelledby=\"title description\">\n<title id=\"title\">A &amp; B</title>\n";
        assert!(svg.starts_with(head), "{svg}");
    }
}
