//! Columns of a terminal: how wide a text is, cut, padded, wrapped.

/// Columns that a text takes on a terminal: two for wide letters and pictures, none for marks.
pub(super) fn width(text: &str) -> usize {
    text.chars()
        .map(|c| match u32::from(c) {
            0x300..=0x36f | 0x200b..=0x200d | 0xfe00..=0xfe0f => 0,
            0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff => 2,
            0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff => 2,
            0x20000..=0x3fffd => 2,
            _ => 1,
        })
        .sum()
}

/// The text in at most so many columns, with an ellipsis where it is cut.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = width(c.encode_utf8(&mut [0; 4]));
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        kept.push(c);
    }
    if columns > 0 {
        kept.push('…');
    }
    kept
}

/// The text with spaces to so many columns.
pub(super) fn padded(text: &str, columns: usize, right: bool) -> String {
    let fill = " ".repeat(columns.saturating_sub(width(text)));
    if right {
        format!("{fill}{text}")
    } else {
        format!("{text}{fill}")
    }
}

/// Lines of at most so many columns, broken at spaces; a word that is longer is broken within.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(8);
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last().map_or(0, |line| width(line));
        let gap = usize::from(line > 0);
        if line + gap + width(word) > columns && line > 0 {
            lines.push(String::new());
        } else if gap > 0 {
            push(&mut lines, ' ', columns);
        }
        for c in word.chars() {
            push(&mut lines, c, columns);
        }
    }
    lines
}

fn push(lines: &mut Vec<String>, c: char, columns: usize) {
    let wide = width(c.encode_utf8(&mut [0; 4]));
    let full = lines.last().is_none_or(|line| width(line) + wide > columns);
    if full {
        lines.push(String::new());
    }
    if let Some(line) = lines.last_mut() {
        line.push(c);
    }
}
