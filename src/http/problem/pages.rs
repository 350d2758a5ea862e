//! The page of each problem: what happened, what to do.

use std::fmt::Write;

use super::Code;

/// The Markdown page of a code: `docs/problems/<slug>.md`.
#[must_use]
pub fn page(code: Code) -> String {
    let row = code.row();
    format!(
        "# {}\n\n| code | type | status | exit code of the command line |\n| --- | --- | --- | --- |\n\
         | `{}` | `/problems/{}` | {} | {} |\n\n{}\n\n## What to do\n\n{}\n\n\
         [All problems](README.md)\n",
        row.title,
        row.name,
        code.slug(),
        row.status,
        row.exit,
        row.means,
        row.remedy,
    )
}

/// The Markdown page that lists all codes.
#[must_use]
pub fn index() -> String {
    let mut text = String::from(
        "# Problems\n\nA failed request is answered with `application/problem+json` (RFC 9457). `code` is \
         stable, `type` leads to a page here, `request_id` helps whoever looks for the cause, and `fields` \
         names what is invalid.\n\n| code | status | exit | title |\n| --- | --- | --- | --- |\n",
    );
    for code in Code::ALL {
        let (row, slug) = (code.row(), code.slug());
        let line = format!(
            "| [`{}`]({slug}.md) | {} | {} | {} |\n",
            row.name, row.status, row.exit, row.title
        );
        let _ = text.write_str(&line); // a String takes everything
    }
    text
}
