//! One command's talk with a server: lists, single things, writes, and finding things by name.

use std::io::{BufRead, IsTerminal, Write};

use serde_json::{Value, json};

use super::answer::Answer;
use super::call::{Call, segment};
use super::http::Client;
use super::options::Remote;
use super::settings::Settings;
use crate::cli::exit::{Code, Exit, Failure};
use crate::cli::output::Console;
use crate::cli::table::{Col, Table, plain};
use crate::runtime;

/// Root of the API.
const API: &str = "/api/v1";
/// Items of one page that are asked for.
const PAGE: u32 = 500;
/// Items that are listed unless `--limit` says otherwise.
const ITEMS_MAX: u32 = 100_000;

/// Options of commands that list.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Page {
    /// At most this many.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(ITEMS_MAX)))]
    pub(crate) limit: Option<u32>,
    /// Only what has this text in its name.
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
}

/// One command's talk with a server.
pub(crate) struct Session<'a> {
    pub(crate) console: &'a Console,
    pub(crate) client: Client,
    pub(crate) remote: &'a Remote,
}

/// A path of the API.
pub(crate) fn api(path: &str) -> String {
    format!("{API}{path}")
}

impl<'a> Session<'a> {
    /// Finds out whom to ask; nothing is sent yet.
    pub(crate) fn open(console: &'a Console, remote: &'a Remote) -> Result<Session<'a>, Failure> {
        let target = Settings::load(remote)?.target(remote)?;
        let open = target.server.starts_with("http://") && !target.loopback();
        if open && target.token.is_some() {
            console.note("note: the token travels unencrypted; use an https address");
        }
        Ok(Session {
            console,
            client: Client::new(target)?,
            remote,
        })
    }

    /// Reads one thing.
    pub(crate) fn get(&self, path: &str) -> Result<Answer, Failure> {
        self.client.send(&Call::get(api(path)))
    }

    /// Reads one thing and prints it.
    pub(crate) fn show(&self, path: &str) -> Result<Exit, Failure> {
        let answer = self.get(path)?;
        self.print(answer)
    }

    /// Prints an answer, whatever it is.
    pub(crate) fn print(&self, answer: Answer) -> Result<Exit, Failure> {
        if answer.body.is_null() && !answer.text.is_empty() {
            self.console.print(&answer.text)?;
        } else {
            self.console.show(answer.body)?;
        }
        Ok(Exit::Done)
    }

    /// Reads a list to its end, or as far as it was asked for.
    pub(crate) fn list(&self, call: Call, page: &Page) -> Result<Value, Failure> {
        let most = page.limit.unwrap_or(ITEMS_MAX);
        let call = call.with("q", page.filter.as_deref());
        let mut items: Vec<Value> = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let left = most.saturating_sub(u32::try_from(items.len()).unwrap_or(u32::MAX));
            let next = call.clone().with("limit", Some(left.min(PAGE)));
            let answer = self.client.send(&next.with("cursor", cursor.as_deref()))?;
            let (more, next) = split(answer.body);
            let none = more.is_empty();
            items.extend(more);
            cursor = next;
            let full = u32::try_from(items.len()).unwrap_or(u32::MAX) >= most;
            if cursor.is_none() || full || none {
                return Ok(json!({ "items": items, "next_cursor": cursor }));
            }
        }
    }

    /// Reads a list and prints it.
    pub(crate) fn table(&self, call: Call, page: &Page, columns: &[Col]) -> Result<Exit, Failure> {
        let list = self.list(call, page)?;
        let more = !list["next_cursor"].is_null();
        self.console.table(Table::of(columns, list))?;
        if more {
            self.console.note("there are more; see --limit");
        }
        Ok(Exit::Done)
    }

    /// Makes a write: under a key, tried only if that was asked for.
    pub(crate) fn write(&self, call: Call) -> Result<Answer, Failure> {
        let mut call = call;
        if self.remote.tries() {
            let simulate = self.remote.simulate.as_deref();
            call = call
                .with("dry_run", simulate.is_none().then_some(true))
                .with("simulate", simulate);
        }
        call.key = Some(self.remote.idempotency_key.clone().unwrap_or_else(key));
        self.client.send(&call)
    }

    /// A second write of one command: its key is made from the first one's, if that was given.
    pub(crate) fn keyed(&self, mut call: Call, part: &str) -> Call {
        let given = self.remote.idempotency_key.as_deref();
        let made = |given: &str| format!("{}.{part}", &given[..given.len().min(100)]);
        call.key = Some(given.map_or_else(key, made));
        call
    }

    /// Makes a write and says what came of it: `what` is a sentence such as `tenant acme created`.
    pub(crate) fn act(&self, call: Call, what: &str) -> Result<Exit, Failure> {
        let answer = self.write(call)?;
        self.done(answer, what)
    }

    /// Says what came of a write, and waits for its end if that was asked for.
    pub(crate) fn done(&self, answer: Answer, what: &str) -> Result<Exit, Failure> {
        if self.remote.tries() {
            return self.tried(answer);
        }
        let operation = answer.operation();
        let body = match (&operation, self.remote.wait) {
            (Some(id), true) => self.follow(id, answer.body)?,
            _ => answer.body,
        };
        let text = format!("{what}{}\n", self.summary(&body, operation.as_deref()));
        self.console.answer(&text, || match body {
            Value::Null => json!({ "done": true }),
            body => body,
        })?;
        Ok(Exit::Done)
    }

    /// ` (ten-…), provisioning; operation op-…`.
    fn summary(&self, body: &Value, operation: Option<&str>) -> String {
        let text = |key: &str| body.get(key).and_then(Value::as_str).map(plain);
        let mut out = text("id").map(|id| format!(" ({id})")).unwrap_or_default();
        for state in ["status", "state"].iter().filter_map(|key| text(key)) {
            out.push_str(&format!(", {state}"));
        }
        if let Some(operation) = operation.filter(|_| !self.remote.wait) {
            out.push_str(&format!("; operation {}", plain(operation)));
        }
        out
    }

    /// What a write would have done.
    fn tried(&self, answer: Answer) -> Result<Exit, Failure> {
        let applied = answer.headers.get("nimbus-applied").map(String::as_str);
        if applied != Some("false") && answer.body.get("applied") != Some(&Value::Bool(false)) {
            let text = "the server did not say that nothing was done; look before you go on";
            return Err(Failure::new(Code::OutcomeUnknown, text));
        }
        self.console.show(answer.body)?;
        self.console.note("nothing was changed");
        Ok(Exit::Done)
    }

    /// Asks before something is removed; in a pipe only `--yes` answers.
    pub(crate) fn confirm(&self, what: &str) -> Result<(), Failure> {
        if self.remote.yes || self.remote.tries() {
            return Ok(());
        }
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            let text = format!("{what}: expected --yes where nobody can be asked");
            return Err(Failure::new(Code::Usage, text));
        }
        let mut asked = std::io::stderr().lock();
        let _ = write!(asked, "{what}? [y/N] "); // without a terminal nobody gets here
        let _ = asked.flush();
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        match (read, line.trim()) {
            (Ok(_), "y" | "Y" | "yes") => Ok(()),
            _ => Err(Failure::new(Code::Usage, "nothing was done")),
        }
    }

    /// The tenant that is meant: named, of the context, or the caller's own.
    pub(crate) fn tenant(&self, named: Option<&str>) -> Result<String, Failure> {
        let known = named.or(self.client.target.tenant.as_deref());
        if let Some(tenant) = known {
            return Ok(tenant.to_owned());
        }
        let body = self.get("/whoami")?.body;
        let own = body.get("tenant_id").and_then(Value::as_str);
        own.map(str::to_owned).ok_or_else(|| {
            let text = "which tenant? name it, or say --tenant T";
            Failure::new(Code::Usage, text)
        })
    }

    /// The tenant of flag, variable or context, if there is one.
    pub(crate) fn tenant_option(&self) -> Option<&str> {
        self.client.target.tenant.as_deref()
    }

    /// An app by id or slug; the tenant says which, where slugs are not alone.
    pub(crate) fn app(&self, name: &str) -> Result<Value, Failure> {
        if !is_id(name, "app")
            && let Some(tenant) = self.tenant_option()
        {
            let call = Call::get(api("/apps")).with("tenant_id", Some(tenant));
            let apps = self.list(call, &Page::default())?;
            return one_named(&apps, "app", name);
        }
        let path = format!("/apps/{}", segment(name));
        self.get(&path).map(|answer| answer.body)
    }

    /// A service: `svc-…`, `APP/SERVICE`, or a name that only one service has.
    pub(crate) fn service(&self, name: &str) -> Result<String, Failure> {
        if is_id(name, "svc") {
            return Ok(name.to_owned());
        }
        let (apps, service) = match name.split_once('/') {
            Some((app, service)) => (vec![self.app(app)?], service),
            None => (self.apps()?, name),
        };
        let mut found = Vec::new();
        for app in &apps {
            for candidate in app["services"].as_array().into_iter().flatten() {
                if candidate["name"] == service || candidate["id"] == service {
                    found.push((app, candidate["id"].as_str().unwrap_or_default()));
                }
            }
        }
        match found.as_slice() {
            [(_, id)] => Ok((*id).to_owned()),
            [] => Err(Failure::new(Code::NotFound, format!("no service {name}"))),
            some => {
                let slug = |app: &Value| app["slug"].as_str().unwrap_or("-").to_owned();
                let names: Vec<String> = some
                    .iter()
                    .map(|(app, _)| format!("{}/{service}", slug(app)))
                    .collect();
                let text = format!("several services are called {name}: {}", names.join(", "));
                Err(Failure::new(Code::Usage, text))
            }
        }
    }

    /// All apps that the caller sees, of the tenant that is meant.
    pub(crate) fn apps(&self) -> Result<Vec<Value>, Failure> {
        let call = Call::get(api("/apps")).with("tenant_id", self.tenant_option());
        let list = self.list(call, &Page::default())?;
        Ok(list["items"].as_array().cloned().unwrap_or_default())
    }
}

/// Whether a text is an id of a kind, not a name.
pub(crate) fn is_id(text: &str, prefix: &str) -> bool {
    let rest = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('-'));
    rest.is_some_and(|rest| rest.len() == 26 && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// The one item of a list with this id, slug or name.
fn one_named(list: &Value, kind: &str, name: &str) -> Result<Value, Failure> {
    let items = list["items"].as_array().into_iter().flatten();
    let named = |item: &&Value| ["id", "slug", "name"].iter().any(|key| item[*key] == name);
    let found = items.into_iter().find(named).cloned();
    found.ok_or_else(|| Failure::new(Code::NotFound, format!("no {kind} {name}")))
}

/// Items and the next cursor of an answer: a list object, or a bare array.
fn split(body: Value) -> (Vec<Value>, Option<String>) {
    match body {
        Value::Array(items) => (items, None),
        Value::Object(mut object) => {
            let cursor = object
                .get("next_cursor")
                .and_then(Value::as_str)
                .map(str::to_owned);
            match object.remove("items") {
                Some(Value::Array(items)) => (items, cursor),
                _ => (Vec::new(), None),
            }
        }
        _ => (Vec::new(), None),
    }
}

/// A key that no other write has.
fn key() -> String {
    let bytes = runtime::random_bytes::<16>();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
