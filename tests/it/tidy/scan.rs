//! A small scanner: Rust text without comments, or its string literals with their lines.

/// One string literal that starts on a line, with the code just before it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Literal {
    pub(super) line: usize,
    pub(super) before: String,
    pub(super) text: String,
}

/// Text with comments, and optionally string contents, blanked out. Lines stay where they are.
pub(super) fn code(text: &str) -> String {
    walk(text).0
}

/// All string literals outside comments.
pub(super) fn literals(text: &str) -> Vec<Literal> {
    walk(text).1
}

fn walk(text: &str) -> (String, Vec<Literal>) {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let end = token_end(bytes, at);
        let token = &text[at..end];
        let literal = string_body(token);
        if let Some(body) = literal {
            found.push(Literal {
                line,
                before: tail(&out),
                text: body.to_owned(),
            });
        }
        if literal.is_some() || token.starts_with("//") || token.starts_with("/*") {
            out.push_str(if literal.is_some() { "\"\"" } else { " " });
            out.extend(token.matches('\n'));
        } else {
            out.push_str(token);
        }
        line += token.matches('\n').count();
        at = end;
    }
    (out, found)
}

/// The last bit of code before a literal, enough to see which macro or attribute it stands in.
fn tail(code: &str) -> String {
    let mut chars: Vec<char> = code.chars().rev().take(60).collect();
    chars.reverse();
    chars.into_iter().collect()
}

/// Where the token at `at` ends: a comment, a string, a character, or one character of code.
fn token_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let end = match rest {
        [b'/', b'/', ..] => rest.iter().position(|&b| b == b'\n'),
        [b'/', b'*', ..] => find(rest, b"*/").map(|i| i + 2),
        [b'"', ..] => quoted(rest, 0),
        [b'r', b'"' | b'#', ..] if !word_before(bytes, at) => raw(rest),
        [b'\'', b'\\', ..] => rest[2..].iter().position(|&b| b == b'\'').map(|i| i + 3),
        [b'\'', _, b'\'', ..] => Some(3),
        [first, ..] if *first >= 0x80 => {
            return at + utf8_length(*first);
        }
        _ => return at + 1,
    };
    at + end.unwrap_or(rest.len())
}

fn utf8_length(first: u8) -> usize {
    match first {
        0xF0.. => 4,
        0xE0.. => 3,
        _ => 2,
    }
}

fn word_before(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

fn quoted(rest: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}

fn raw(rest: &[u8]) -> Option<usize> {
    let hashes = rest[1..].iter().take_while(|&&b| b == b'#').count();
    if rest.get(1 + hashes) != Some(&b'"') {
        return Some(1);
    }
    let mut close = vec![b'"'];
    close.resize(1 + hashes, b'#');
    find(&rest[hashes + 2..], &close).map(|i| hashes + 2 + i + close.len())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}

fn string_body(token: &str) -> Option<&str> {
    let open = token.find('"')?;
    if open > 0 && !token.starts_with('r') {
        return None;
    }
    let close = token.rfind('"')?;
    (close > open).then(|| &token[open + 1..close])
}

#[test]
fn comments_and_strings_are_taken_out_and_lines_stay() {
    let text = "a // b \"c\"\n\"d // e\" f /* g\nh */ i 'x' '\\'' r#\"j \" k\"# 'l";
    assert_eq!(code(text), "a  \n\"\" f  \n i 'x' '\\'' \"\" 'l");
    let found = literals(text);
    let texts: Vec<_> = found.iter().map(|l| (l.line, l.text.as_str())).collect();
    assert_eq!(texts, [(2, "d // e"), (3, "j \" k")]);
}
