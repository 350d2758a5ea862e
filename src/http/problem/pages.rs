//! The page of each problem: what happened, what to do.

use std::fmt::Write;

use super::Code;

/// The Markdown page of a code: `docs/problems/<slug>.md`.
#[must_use]
pub fn page(code: Code) -> String {
    let row = code.row();
    let local = local(code);
    format!(
        "# {}\n\n| code | type | status | exit code of the command line |\n| --- | --- | --- | --- |\n\
         | `{}` | `/problems/{}` | {} | {} |\n\n{}\n\n## What to do\n\n{}\n\n{local}\
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

/// Every page with its file, `problems/<slug>.md`.
#[must_use]
pub fn pages() -> Vec<(String, String)> {
    let file = |code: Code| format!("problems/{}.md", code.slug());
    Code::ALL
        .into_iter()
        .map(|code| (file(code), page(code)))
        .collect()
}

/// What the code means where the command line answers it without a server.
fn local(code: Code) -> &'static str {
    match code {
        Code::AlreadyExists => {
            "## On the command line\n\nThe file to be written is there already, and the command does not \
             replace what a person may have edited. Choose another name or folder, or remove the file first.\n\n"
        }
        Code::Invalid => {
            "## On the command line\n\nA file says something that it may not say: an unknown key, a wrong \
             unit, a number out of its range, a trace that is empty, truncated or not sorted. Nothing was run \
             and nothing was written. There is one line for each thing that is wrong: file, line, key, and what \
             was expected. With `-o json` the same stands in `fields`. The keys of a scenario are in \
             [the scenario format](../scenario-format.md).\n\n"
        }
        Code::NotFound => {
            "## On the command line\n\nIds and slugs are both taken. A service is named by its id, by \
             `APP/SERVICE`, or by its name if only one service has it. With `--tenant T` names are looked for \
             in that tenant.\n\n"
        }
        Code::Unauthenticated => {
            "## On the command line\n\nA token comes from `--token`, else `NIMBUS_TOKEN`, else the current \
             context. `nimbus login` keeps one in the context; `nimbus whoami` says whom the server sees.\n\n"
        }
        _ => "",
    }
}

/// The Markdown page that lists all codes.
#[must_use]
pub fn index() -> String {
    let mut text = String::from(
        "# Problems\n\nWhat the command line says by itself: [usage](usage.md), [file](file.md), \
         [fault](fault.md), [differs](differs.md), [expectation-broken](expectation-broken.md), \
         [not-deterministic](not-deterministic.md), [unreachable](unreachable.md), \
         [bad-answer](bad-answer.md), [outcome-unknown](outcome-unknown.md), [wait-timeout](wait-timeout.md), \
         [unhealthy](unhealthy.md).\n\nA failed request is answered with `application/problem+json` (RFC 9457). `code` is \
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
