//! Slugs from names: `My Shop!` becomes `my-shop`.

/// The slug of a name, at most `longest` characters; empty if nothing of the name can stand in one.
#[must_use]
pub fn of_name(name: &str, longest: usize) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        if slug.len() >= longest {
            break;
        }
        let c = c.to_ascii_lowercase();
        if c.is_ascii_lowercase() || (c.is_ascii_digit() && !slug.is_empty()) {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

#[cfg(test)]
mod tests {
    use super::of_name;

    #[test]
    fn a_name_becomes_a_slug() {
        for (name, slug) in [
            ("acme", "acme"),
            ("My Shop!", "my-shop"),
            ("  7 of  9 ", "of-9"),
            ("Ärger & Söhne", "rger-s-hne"),
            ("___", ""),
            ("a-", "a"),
            ("abcdefghijk", "abcdefgh"),
            ("abcdefg hijk", "abcdefg"),
        ] {
            assert_eq!(of_name(name, 8.max(slug.len())), slug, "{name}");
        }
    }
}
