//! An invoice as one HTML page: no script, nothing from elsewhere, every text escaped.

use std::fmt::Write;

/// Title and facts above the lines.
pub(super) struct Head {
    pub(super) title: String,
    pub(super) facts: Vec<(&'static str, String)>,
}

const STYLE: &str = "body{font:15px/1.4 system-ui,sans-serif;margin:2em auto;max-width:60em;color:#111}\
table{border-collapse:collapse;width:100%;margin:1em 0}th,td{padding:.3em .6em;text-align:left;\
border-bottom:1px solid #ccc;vertical-align:top;overflow-wrap:anywhere}.n{text-align:right;white-space:nowrap}\
@media print{body{margin:0}}";

const COLUMNS: [(&str, bool); 7] = [
    ("Kind", false),
    ("For", false),
    ("Tenant", false),
    ("Quantity", true),
    ("Unit", false),
    ("Price", true),
    ("Amount", true),
];

/// The page.
pub(super) fn page(
    head: &Head,
    rows: &[[String; 7]],
    sums: &[(&str, &String)],
    currency: &str,
) -> String {
    let title = escaped(&head.title);
    let mut text = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <style>{STYLE}</style></head>\n<body><h1>{title}</h1>\n<table>\n"
    );
    // writing to a String cannot fail
    for (name, value) in &head.facts {
        let _ = writeln!(text, "<tr><th>{name}</th><td>{}</td></tr>", escaped(value));
    }
    text.push_str("</table>\n<table>\n<tr>");
    for (name, number) in COLUMNS {
        let _ = write!(text, "<th{}>{name}</th>", class(number));
    }
    text.push_str("</tr>\n");
    for row in rows {
        text.push_str("<tr>");
        for (value, (_, number)) in row.iter().zip(COLUMNS) {
            let _ = write!(text, "<td{}>{}</td>", class(number), escaped(value));
        }
        text.push_str("</tr>\n");
    }
    for (name, value) in sums {
        let _ = writeln!(
            text,
            "<tr><th colspan=\"6\">{name}</th><td class=\"n\">{} {}</td></tr>",
            escaped(value),
            escaped(currency)
        );
    }
    text.push_str("</table></body></html>\n");
    text
}

const fn class(number: bool) -> &'static str {
    if number { " class=\"n\"" } else { "" }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let head = Head {
            title: "<script>alert(1)</script>".to_owned(),
            facts: vec![("Id", "\"><img src=x onerror=alert(1)>".to_owned())],
        };
        let row = ["'", "&", "<b>", "1", "x", "2", "3"].map(str::to_owned);
        let total = "3".to_owned();
        let page = page(&head, &[row], &[("Total", &total)], "USD");
        for bad in ["<script", "<img", "<b>", "\"><img"] {
            assert!(!page.contains(bad), "{bad}");
        }
        assert!(page.contains("<td>&#39;</td><td>&amp;</td><td>&lt;b&gt;</td>"));
    }
}
