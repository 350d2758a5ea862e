//! What handlers take out of a request, each checked before the handler runs.

mod body;
mod json;
mod path;
mod query;
mod scan;
mod trial;
mod version;

pub(super) use body::read as read_body;
pub use json::{Json, parse_value};
pub use path::{Name, Path};
pub(super) use query::without;
pub use query::{Query, parse as parse_query};
pub use trial::{Prefer, Trial};
pub use version::{IfMatch, Match};
