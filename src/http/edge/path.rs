//! Paths that try to be another path do not exist.

use axum::http::Uri;

use crate::http::problem::Problem;

/// Longest path, bytes.
const LENGTH_MAX: usize = 2048;

/// Checks a path as it was sent.
///
/// # Errors
/// 404 for encoded slashes, dots, control characters, empty segments, broken escapes, and for paths that
/// are too long.
pub(super) fn check(uri: &Uri) -> Result<(), Problem> {
    let path = uri.path();
    let segments = path.strip_prefix('/').unwrap_or(path);
    let good = path.len() <= LENGTH_MAX && segments.split('/').all(plain) || path == "/";
    if good {
        Ok(())
    } else {
        Err(Problem::not_found())
    }
}

fn plain(segment: &str) -> bool {
    if segment.is_empty() || segment.contains('\\') {
        return false;
    }
    let Some(decoded) = decoded(segment) else {
        return false;
    };
    let wild = |byte: u8| byte.is_ascii_control() || matches!(byte, b'/' | b'\\' | b'%');
    decoded != b"." && decoded != b".." && !decoded.iter().copied().any(wild)
}

fn decoded(segment: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let hex = std::str::from_utf8(tail.get(..2)?).ok()?;
            out.push(u8::from_str_radix(hex, 16).ok()?);
            rest = &tail[2..];
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_path(path: &str, good: bool) {
        let uri: Uri = path.parse().unwrap();
        assert_eq!(check(&uri).is_ok(), good, "{path}");
    }

    #[test]
    fn tricks_do_not_exist() {
        for path in [
            "/api/v1/tenants/%2e%2e/x",
            "/api/v1/tenants/a%2fb",
            "/api/v1/tenants/a%5Cb",
            "/api/v1/tenants/a%00",
            "/api/v1//tenants",
            "/api/v1/tenants/",
            "/api/./v1",
            "/api/../v1",
            "/a/%zz",
            "/a/%2",
            "/a/%252e",
        ] {
            check_path(path, false);
        }
        for path in ["/", "/healthz", "/api/v1/tenants/acme", "/a/%C3%A4"] {
            check_path(path, true);
        }
        check_path(&format!("/{}", "a".repeat(LENGTH_MAX)), false);
    }
}
