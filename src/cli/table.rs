//! Rows under headers, for every command that lists something: the one table of the command line.

use std::cmp::Ordering;

use comfy_table::presets::NOTHING;
use serde_json::Value;

use super::exit::{Code, Failure};

/// One column of a table of answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Col {
    head: &'static str,
    path: &'static str,
    wide: bool,
}

/// A column: its header and where its value stands, as in `quota.cpu_m`.
pub(crate) const fn col(head: &'static str, path: &'static str) -> Col {
    Col {
        head,
        path,
        wide: false,
    }
}

/// A column that only `-o wide` shows.
pub(crate) const fn wide(head: &'static str, path: &'static str) -> Col {
    Col {
        head,
        path,
        wide: true,
    }
}

/// What a table shows of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    /// Whether the header line is printed.
    pub(crate) headers: bool,
    /// Whether columns are shown that take room.
    pub(crate) wide: bool,
    /// Columns asked for: headers, or fields of the answer.
    pub(crate) columns: &'a [String],
    /// What rows are ordered by: a header or a field; with `-` in front downwards.
    pub(crate) sort_by: Option<&'a str>,
}

/// Rows under headers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    columns: Vec<(String, String, bool)>,
    items: Vec<Value>,
    /// What stands around the items in the answer, if they came from a server.
    around: Option<Value>,
}

impl Table {
    /// A table whose headers are the names of its fields.
    pub(crate) fn new(headers: &[&'static str]) -> Table {
        let column = |head: &&str| (head.to_uppercase(), (*head).to_owned(), false);
        Table {
            columns: headers.iter().map(column).collect(),
            ..Table::default()
        }
    }

    /// A table over a list that a server answered.
    pub(crate) fn of(columns: &[Col], answer: Value) -> Table {
        let column = |c: &Col| (c.head.to_owned(), c.path.to_owned(), c.wide);
        let (items, around) = match answer {
            Value::Array(items) => (items, None),
            Value::Object(mut object) => match object.remove("items") {
                Some(Value::Array(items)) => (items, Some(Value::Object(object))),
                _ => (vec![Value::Object(object)], None),
            },
            other => (vec![other], None),
        };
        Table {
            columns: columns.iter().map(column).collect(),
            items,
            around,
        }
    }

    /// One more row, a text for each header.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        debug_assert_eq!(cells.len(), self.columns.len());
        let fields = self.columns.iter().zip(cells);
        let object = fields.map(|((_, path, _), cell)| (path.clone(), Value::from(cell)));
        self.items.push(Value::Object(object.collect()));
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// Puts the rows in order.
    pub(crate) fn sort(&mut self, view: View<'_>) -> Result<(), Failure> {
        let Some(by) = view.sort_by else {
            return Ok(());
        };
        let (name, down) = by
            .strip_prefix('-')
            .map_or((by, false), |name| (name, true));
        let path = self.find("--sort-by", name)?.1;
        self.items.sort_by(|a, b| {
            let order = compare(at(a, &path), at(b, &path));
            if down { order.reverse() } else { order }
        });
        Ok(())
    }

    /// As text.
    pub(crate) fn text(&self, view: View<'_>) -> Result<String, Failure> {
        let columns = self.shown(view)?;
        let mut table = comfy_table::Table::new();
        table.load_style(NOTHING).force_no_tty();
        if view.headers {
            table.set_header(columns.iter().map(|(head, _)| head));
        }
        for item in &self.items {
            table.add_row(columns.iter().map(|(_, path)| cell(at(item, path))));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        let lines = table.lines().map(|line| line.trim_end().to_owned() + "\n");
        Ok(lines.collect())
    }

    /// As the answer that it came from, or as a list of objects.
    pub(crate) fn into_json(self) -> Value {
        match self.around {
            Some(Value::Object(mut object)) => {
                object.insert("items".to_owned(), Value::Array(self.items));
                Value::Object(object)
            }
            _ => Value::Array(self.items),
        }
    }

    /// Headers and paths of the columns that are shown.
    fn shown(&self, view: View<'_>) -> Result<Vec<(String, String)>, Failure> {
        if view.columns.is_empty() {
            let all = self.columns.iter().filter(|column| view.wide || !column.2);
            return Ok(all
                .map(|(head, path, _)| (head.clone(), path.clone()))
                .collect());
        }
        let named = view.columns.iter().map(|name| self.find("--columns", name));
        named.collect()
    }

    /// A column by its header, or a field of the items.
    fn find(&self, option: &str, name: &str) -> Result<(String, String), Failure> {
        let known = self
            .columns
            .iter()
            .find(|(head, path, _)| head.eq_ignore_ascii_case(name) || path == name);
        if let Some((head, path, _)) = known {
            return Ok((head.clone(), path.clone()));
        }
        if self.items.iter().any(|item| at(item, name).is_some()) {
            return Ok((name.to_uppercase(), name.to_owned()));
        }
        let heads: Vec<String> = self.columns.iter().map(|c| c.0.to_lowercase()).collect();
        let text = format!(
            "{option} {name}: expected a field, or one of {}",
            heads.join(", ")
        );
        Err(Failure::new(Code::Usage, text))
    }
}

/// The value at a path like `quota.cpu_m`.
pub(crate) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, name| match value {
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        other => other.get(name),
    })
}

/// Numbers before texts, nothing last; decimal texts compare as numbers.
fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    let (a, b) = (cell(a), cell(b));
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(x), Ok(y)) => x.total_cmp(&y),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        _ => (a == "-").cmp(&(b == "-")).then_with(|| a.cmp(&b)),
    }
}

/// A value in one line.
pub(crate) fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => plain(&moment(text).unwrap_or_else(|| text.clone())),
        Some(Value::Array(items)) if items.is_empty() => "-".to_owned(),
        Some(Value::Array(items)) => {
            let texts: Vec<String> = items.iter().map(|item| cell(Some(item))).collect();
            texts.join(", ")
        }
        Some(Value::Object(object)) => match money(value.unwrap_or(&Value::Null)) {
            Some(text) => text,
            None if object.is_empty() => "-".to_owned(),
            None => {
                let pair = |(k, v): (&String, &Value)| format!("{}={}", plain(k), cell(Some(v)));
                object.iter().map(pair).collect::<Vec<_>>().join(" ")
            }
        },
        Some(other) => other.to_string(),
    }
}

/// `4.30 USD`, if it is money.
fn money(value: &Value) -> Option<String> {
    let amount = value.get("amount")?.as_str()?;
    let currency = value.get("currency")?.as_str()?;
    Some(plain(&format!("{amount} {currency}")))
}

/// A time to the second, if it is one with a fraction.
fn moment(text: &str) -> Option<String> {
    let (seconds, rest) = text.split_once('.')?;
    let digits = rest.strip_suffix('Z')?;
    let time = seconds.len() == 19 && seconds.as_bytes().get(10) == Some(&b'T');
    (time && digits.bytes().all(|b| b.is_ascii_digit())).then(|| format!("{seconds}Z"))
}

/// Text that cannot move a terminal's cursor: control characters are written out.
pub(crate) fn plain(text: &str) -> String {
    if !text.chars().any(char::is_control) {
        return text.to_owned();
    }
    let show = |c: char| match c {
        '\n' | '\t' => " ".to_owned(),
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    };
    text.chars().map(show).collect()
}

/// Fields that say what a thing is stand first.
const FIRST: [&str; 8] = [
    "name",
    "slug",
    "id",
    "principal",
    "kind",
    "status",
    "state",
    "number",
];

/// One thing, a line for each of its fields.
pub(crate) fn describe(value: &Value) -> String {
    let Value::Object(object) = value else {
        return cell(Some(value)) + "\n";
    };
    let width = object
        .keys()
        .map(|key| key.chars().count())
        .max()
        .unwrap_or(0)
        + 1;
    let mut out = String::new();
    let place = |key: &str| {
        FIRST
            .iter()
            .position(|first| *first == key)
            .unwrap_or(FIRST.len())
    };
    let mut fields: Vec<_> = object.iter().collect();
    fields.sort_by_key(|(key, _)| place(key)); // stable: the others stay in order
    for (key, value) in fields {
        let label = format!("{}:", plain(key));
        match value {
            Value::Array(items) if items.iter().any(Value::is_object) => {
                out.push_str(&format!("{label}\n"));
                for item in items {
                    out.push_str(&format!("  - {}\n", cell(Some(item))));
                }
            }
            other => out.push_str(&format!("{label:<width$} {}\n", cell(Some(other)))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn view<'a>(columns: &'a [String], sort_by: Option<&'a str>) -> View<'a> {
        View {
            headers: true,
            wide: false,
            columns,
            sort_by,
        }
    }

    fn sample() -> Table {
        let columns = [col("NAME", "slug"), wide("CPU", "quota.cpu_m")];
        let items = json!({ "items": [
            { "slug": "b", "quota": { "cpu_m": 900 } },
            { "slug": "a", "quota": { "cpu_m": 1000 } },
        ], "next_cursor": null });
        Table::of(&columns, items)
    }

    #[test]
    fn a_table_is_aligned_and_its_json_has_the_same_words() {
        let mut table = Table::new(&["name", "seed"]);
        table.row(vec!["quickstart".into(), "7".into()]);
        let text = table.text(view(&[], None)).unwrap();
        assert_eq!(text, "NAME        SEED\nquickstart  7\n");
        assert_eq!(
            table.into_json(),
            json!([{ "name": "quickstart", "seed": "7" }])
        );
    }

    #[test]
    fn columns_and_order_are_chosen_by_header_or_field() {
        let mut table = sample();
        table.sort(view(&[], Some("quota.cpu_m"))).unwrap();
        assert_eq!(table.text(view(&[], None)).unwrap(), "NAME\nb\na\n");
        table.sort(view(&[], Some("name"))).unwrap();
        let columns = ["cpu".to_owned(), "slug".to_owned()];
        let text = table.text(view(&columns, None)).unwrap();
        assert_eq!(text, "CPU   NAME\n1000  a\n900   b\n");
        assert!(table.sort(view(&[], Some("nothing"))).is_err());
    }

    #[test]
    fn a_cell_is_one_harmless_line() {
        let show = |value: Value| cell(Some(&value));
        assert_eq!(
            show(json!({ "currency": "USD", "amount": "4.30", "amount_minor": 430 })),
            "4.30 USD"
        );
        assert_eq!(
            show(json!("2026-11-01T00:00:00.123456Z")),
            "2026-11-01T00:00:00Z"
        );
        assert_eq!(show(json!("a\u{1b}[2Jb\nc")), "a\\u{1b}[2Jb c");
        assert_eq!(show(json!(null)), "-");
        assert_eq!(show(json!({ "a": [1, 2] })), "a=1, 2");
    }

    #[test]
    fn one_thing_is_described_field_by_field() {
        let value = json!({ "name": "api", "id": "svc-1", "ports": [{ "port": 80 }] });
        assert_eq!(
            describe(&value),
            "name:  api\nid:    svc-1\nports:\n  - port=80\n"
        );
    }
}
