//! Lists: limit, signed cursor, order, text, chosen fields; the page as an object or as a bare array.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nimbus_core::time::Span;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::extract::{parse_query, without};
use super::problem::{Code, Problem};
use crate::runtime;
use crate::store::{By, LIMIT_MAX, Listed, Page, Position, Sort};

/// Rows of a page if the client names no number.
const LIMIT: usize = 50;

/// How long a cursor is good.
const CURSOR_FOR: Span = Span::from_secs(3600);

/// Longest text to look for, characters.
const TEXT_MAX: usize = 200;

/// Parameters of every list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Params {
    /// Most items of a page, 1..500; 50 without it.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Where the page begins: `next_cursor` of the one before. Good for an hour.
    cursor: Option<String>,
    /// `name`, `created_at` or `updated_at`; with a hyphen in front the other way round.
    #[param(example = "-created_at")]
    sort: Option<String>,
    /// Only items whose name holds this text.
    #[param(max_length = 200)]
    q: Option<String>,
    /// Only these fields of each item, `id,name`; the others are left out.
    fields: Option<String>,
}

/// The names of [`Params`].
const NAMES: [&str; 5] = ["limit", "cursor", "sort", "q", "fields"];

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PageOf<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins; null at the end.
    pub next_cursor: Option<String>,
}

/// The query of a list: its own filters `F` and what every list has.
#[derive(Clone, Debug)]
pub struct List<F> {
    /// The filters of this list.
    pub filter: F,
    /// The text to look for.
    pub text: Option<String>,
    params: Params,
    after: Option<Position>,
    binding: String,
    path: String,
    secret: [u8; 32],
}

/// What a cursor says.
#[derive(Debug, Serialize, Deserialize)]
struct Cursor {
    /// Where the page ended.
    p: Position,
    /// When it ends, Unix seconds.
    e: i64,
}

impl<F: DeserializeOwned> FromRequestParts<App> for List<F> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<List<F>, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        List::read(parts.uri.path(), query, app.secret())
    }
}

impl<F: DeserializeOwned> List<F> {
    fn read(path: &str, query: &str, secret: &[u8; 32]) -> Result<List<F>, Problem> {
        let rest = without(query, &NAMES);
        let filter = parse_query(&rest)?;
        let own = query.split('&').filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            NAMES.contains(&name)
        });
        let params: Params = parse_query(&own.collect::<Vec<_>>().join("&"))?;
        params.check()?;
        let binding = binding(path, &rest, &params);
        let cursor = params.cursor.as_deref();
        let after = cursor
            .map(|text| open(text, &binding, secret))
            .transpose()?;
        Ok(List {
            filter,
            text: params.q.clone().filter(|text| !text.is_empty()),
            params,
            after,
            binding,
            path: format!("{path}?{rest}"),
            secret: *secret,
        })
    }
}

impl Params {
    fn check(&self) -> Result<(), Problem> {
        let bad = |name: &str, why: &str| {
            let problem = Problem::new(Code::BadRequest, format!("{name}: {why}"));
            Err(problem.field(name, "invalid", why))
        };
        let most = u32::try_from(LIMIT_MAX).unwrap_or(u32::MAX);
        if self.limit.is_some_and(|limit| limit == 0 || limit > most) {
            return bad("limit", "expected 1..500");
        }
        if self
            .q
            .as_ref()
            .is_some_and(|text| text.chars().count() > TEXT_MAX)
        {
            return bad("q", "at most 200 characters");
        }
        Ok(())
    }
}

impl<F> List<F> {
    /// The filters, and the list without them.
    #[must_use]
    pub fn split(self) -> (F, List<()>) {
        let list = List {
            filter: (),
            text: self.text,
            params: self.params,
            after: self.after,
            binding: self.binding,
            path: self.path,
            secret: self.secret,
        };
        (self.filter, list)
    }

    /// Which part of the list the store is asked for. `sorts` is what it knows; without a wish it is the
    /// first of them, `descending` or not.
    ///
    /// # Errors
    /// 400 for another order.
    pub fn page(&self, sorts: &[By], descending: bool) -> Result<Page, Problem> {
        self.page_of(sorts, descending, LIMIT)
    }

    /// The same with another number of items for clients that name none: bare lists give 500.
    ///
    /// # Errors
    /// 400 for another order.
    pub fn page_of(&self, sorts: &[By], descending: bool, limit: usize) -> Result<Page, Problem> {
        let sort = match self.params.sort.as_deref() {
            Some(text) => sort(text, sorts)?,
            None => Sort {
                by: sorts.first().copied().unwrap_or_default(),
                descending,
            },
        };
        let asked = self
            .params
            .limit
            .and_then(|limit| usize::try_from(limit).ok());
        Ok(Page {
            limit: asked.unwrap_or(limit),
            after: self.after.clone(),
            sort,
        })
    }

    /// The page as an object.
    ///
    /// # Errors
    /// 400 if `fields` names what items do not have.
    pub fn answer<R, T: Serialize>(
        &self,
        listed: Listed<R>,
        show: impl FnMut(R) -> T,
    ) -> Result<PageOf<Value>, Problem> {
        let next_cursor = listed.next.map(|position| self.cursor(position));
        let items = self.shown(listed.items, show)?;
        Ok(PageOf { items, next_cursor })
    }

    /// The page as a bare array, and the path of the next one for `Link`.
    ///
    /// # Errors
    /// 400 if `fields` names what items do not have.
    pub fn bare<R, T: Serialize>(
        &self,
        listed: Listed<R>,
        show: impl FnMut(R) -> T,
    ) -> Result<(Vec<Value>, Option<String>), Problem> {
        let link = listed.next.map(|position| self.link(position));
        Ok((self.shown(listed.items, show)?, link))
    }

    fn link(&self, position: Position) -> String {
        let mut link = self.path.clone();
        let mut add = |name: &str, value: &str| {
            if !link.ends_with('?') {
                link.push('&');
            }
            link.push_str(&format!("{name}={value}"));
        };
        if let Some(limit) = self.params.limit {
            add("limit", &limit.to_string());
        }
        for (name, value) in [
            ("sort", &self.params.sort),
            ("q", &self.params.q),
            ("fields", &self.params.fields),
        ] {
            if let Some(value) = value {
                add(name, &escaped(value));
            }
        }
        add("cursor", &self.cursor(position));
        link
    }

    fn cursor(&self, position: Position) -> String {
        let ends = (runtime::now() + CURSOR_FOR).secs();
        let cursor = Cursor {
            p: position,
            e: ends,
        };
        let text = serde_json::to_vec(&cursor).unwrap_or_default();
        let seal = seal(&text, &self.binding, &self.secret);
        let sealed = [&seal[..16], &text].concat();
        URL_SAFE_NO_PAD.encode(sealed)
    }

    fn shown<R, T: Serialize>(
        &self,
        rows: Vec<R>,
        mut show: impl FnMut(R) -> T,
    ) -> Result<Vec<Value>, Problem> {
        let wanted = self.params.fields.as_deref();
        let wanted: Option<Vec<&str>> = wanted.map(|text| text.split(',').map(str::trim).collect());
        let item = |row| {
            let value = serde_json::to_value(show(row));
            let value = value.map_err(|error| Problem::internal(&error.to_string()))?;
            match &wanted {
                Some(names) => chosen(value, names),
                None => Ok(value),
            }
        };
        rows.into_iter().map(item).collect()
    }
}

fn chosen(value: Value, names: &[&str]) -> Result<Value, Problem> {
    let Value::Object(mut object) = value else {
        return Ok(value);
    };
    let mut kept = serde_json::Map::new();
    for &name in names {
        let shown: String = name.chars().take(64).collect();
        let Some((name, value)) = object.remove_entry(name) else {
            let problem = Problem::new(Code::BadRequest, format!("fields: no field {shown:?}"));
            return Err(problem.field("fields", "unknown_field", "no such field, or named twice"));
        };
        kept.insert(name, value);
    }
    Ok(Value::Object(kept))
}

fn sort(text: &str, sorts: &[By]) -> Result<Sort, Problem> {
    let (name, descending) = match text.strip_prefix('-') {
        Some(name) => (name, true),
        None => (text, false),
    };
    let known = |by: &&By| word(**by) == name;
    match sorts.iter().find(known) {
        Some(&by) => Ok(Sort { by, descending }),
        None => {
            let words: Vec<&str> = sorts.iter().map(|&by| word(by)).collect();
            let why = format!("expected {}", words.join(", "));
            Err(Problem::new(Code::BadRequest, format!("sort: {why}"))
                .field("sort", "invalid", why))
        }
    }
}

const fn word(by: By) -> &'static str {
    match by {
        By::CreatedAt => "created_at",
        By::UpdatedAt => "updated_at",
        By::Name => "name",
    }
}

/// What a cursor is bound to: the list, its filters and its order.
fn binding(path: &str, rest: &str, params: &Params) -> String {
    let mut filters: Vec<&str> = rest.split('&').collect();
    filters.sort_unstable();
    let sort = params.sort.as_deref().unwrap_or_default();
    let text = params.q.as_deref().unwrap_or_default();
    format!("{path}\n{}\n{sort}\n{text}", filters.join("&"))
}

fn seal(text: &[u8], binding: &str, secret: &[u8; 32]) -> [u8; 32] {
    runtime::mac(secret, &[binding.as_bytes(), b"\0", text].concat())
}

fn open(cursor: &str, binding: &str, secret: &[u8; 32]) -> Result<Position, Problem> {
    let bad = || {
        Problem::new(
            Code::BadCursor,
            "it belongs to another list, filter or order",
        )
    };
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad())?;
    let (sealed, text) = bytes.split_at_checked(16).ok_or_else(bad)?;
    // not a secret of anybody: it only keeps clients from making cursors up
    if sealed != &seal(text, binding, secret)[..16] {
        return Err(bad());
    }
    let cursor: Cursor = serde_json::from_slice(text).map_err(|_| bad())?;
    if cursor.e < runtime::now().secs() {
        return Err(Problem::new(Code::Gone, "the cursor is older than an hour"));
    }
    Ok(cursor.p)
}

/// A value in a query.
fn escaped(text: &str) -> String {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    let mut out = String::new();
    for byte in text.bytes() {
        match plain(byte) {
            true => out.push(char::from(byte)),
            false => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
