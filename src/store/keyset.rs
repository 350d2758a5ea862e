//! How a list is cut into pages, and kept to what its caller may see.
//!
//! A page begins behind a position: `key > k or (key = k and id > i)`, written so that an index on the key
//! serves it. One row more than wanted is asked for; it tells whether there is a next page.

use diesel::result::Error;

use super::page::{LIMIT_MAX, Listed, Page, Position, Value};

/// Rows of a page, at least one.
pub(super) fn limit(page: &Page) -> usize {
    page.limit.clamp(1, LIMIT_MAX)
}

/// What the database is asked for: one more.
pub(super) fn asked(page: &Page) -> i64 {
    i64::try_from(limit(page))
        .unwrap_or(i64::MAX)
        .saturating_add(1)
}

/// The key behind which a page begins, as a number.
pub(super) fn after_int(page: &Page) -> Result<Option<(i64, &str)>, Error> {
    match &page.after {
        None => Ok(None),
        Some(Position {
            key: Value::Int(key),
            id,
        }) => Ok(Some((*key, id))),
        Some(_) => Err(mismatch()),
    }
}

/// The key behind which a page begins, as a text.
pub(super) fn after_text(page: &Page) -> Result<Option<(&str, &str)>, Error> {
    match &page.after {
        None => Ok(None),
        Some(Position {
            key: Value::Text(key),
            id,
        }) => Ok(Some((key, id))),
        Some(_) => Err(mismatch()),
    }
}

fn mismatch() -> Error {
    Error::QueryBuilderError("the position belongs to another order".into())
}

/// A list that this noun cannot sort so.
pub(super) fn unsorted(page: &Page) -> Error {
    Error::QueryBuilderError(format!("this list cannot be sorted by {:?}", page.sort.by).into())
}

/// Cuts the row that was asked for beyond the page and says where the next one begins.
pub(super) fn cut<R>(mut rows: Vec<R>, page: &Page, at: impl Fn(&R) -> Position) -> Listed<R> {
    let more = rows.len() > limit(page);
    rows.truncate(limit(page));
    let next = rows.last().filter(|_| more).map(at);
    Listed { items: rows, next }
}

/// A position in a list by number.
pub(super) fn by_number(number: i64) -> Position {
    Position {
        key: Value::Int(number),
        id: String::new(),
    }
}

/// What `LIKE` looks for: the text itself, anywhere, in lower case.
pub(super) fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// Orders a boxed query by a column and an id, and begins it behind the page's position.
macro_rules! keyset {
    ($query:expr, $page:expr, $after:ident, $column:expr, $id:expr) => {{
        let mut query = $query;
        if let Some((key, id)) = $crate::store::keyset::$after($page)? {
            let (key, id) = (key.to_owned(), id.to_owned());
            query = if $page.sort.descending {
                query
                    .filter($column.le(key.clone()))
                    .filter($column.lt(key).or($id.lt(id)))
            } else {
                query
                    .filter($column.ge(key.clone()))
                    .filter($column.gt(key).or($id.gt(id)))
            };
        }
        query = if $page.sort.descending {
            query.order(($column.desc(), $id.desc()))
        } else {
            query.order(($column.asc(), $id.asc()))
        };
        query.limit($crate::store::keyset::asked($page))
    }};
}

/// The same by a number that is unique.
macro_rules! numbered {
    ($query:expr, $page:expr, $column:expr) => {{
        let mut query = $query;
        if let Some((key, _)) = $crate::store::keyset::after_int($page)? {
            query = if $page.sort.descending {
                query.filter($column.lt(key))
            } else {
                query.filter($column.gt(key))
            };
        }
        query = if $page.sort.descending {
            query.order($column.desc())
        } else {
            query.order($column.asc())
        };
        query.limit($crate::store::keyset::asked($page))
    }};
}

/// Keeps a boxed query to rows whose tenant is visible.
macro_rules! visible {
    ($query:expr, $visible:expr, $tenant:expr) => {
        match $visible {
            $crate::store::page::Visible::All => $query,
            $crate::store::page::Visible::Tenant(no) => $query.filter($tenant.eq(i64::from(no.0))),
            $crate::store::page::Visible::Orgs(orgs) => {
                use $crate::store::schema::tenants as of;
                let orgs: Vec<i64> = orgs.iter().map(|org| i64::from(org.0)).collect();
                let theirs = of::table.filter(of::org.eq_any(orgs)).select(of::no);
                $query.filter($tenant.eq_any(theirs))
            }
        }
    };
}

pub(super) use {keyset, numbered, visible};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_looks_for_the_text_itself() {
        assert_eq!(like("A_b%"), "%a\\_b\\%%");
    }

    #[test]
    fn a_limit_is_brought_inside() {
        assert_eq!(limit(&Page::first(0)), 1);
        assert_eq!(limit(&Page::first(9_999)), LIMIT_MAX);
    }
}
