//! `nimbus login`, `logout` and `bootstrap`: proof of who asks, kept where only this user reads it.

use std::io::{BufRead, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::client::{Call, Client, Context, Credential, Remote, Settings, Target, api};
use super::exit::{Code, Exit, Failure};
use super::output::{self, Console};
use super::table::cell;

/// Longest secret that is read, bytes.
const SECRET_MAX: u64 = 16 * 1024;
/// The context that is made if there is none.
const CONTEXT: &str = "default";

/// Options of `login`.
#[derive(Debug, clap::Args)]
pub(super) struct Login {
    /// Sign in with an API key; it is asked for, or read from `--key-file` or stdin.
    #[arg(long, conflicts_with = "username")]
    api_key: bool,
    /// Sign in with a password; it is asked for, or read from `--key-file` or stdin.
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// File that the key or the password stands in, alone.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

/// Options of `bootstrap`.
#[derive(Debug, clap::Args)]
pub(super) struct Bootstrap {
    /// File that the bootstrap key stands in, alone; without it the key is asked for, or read from stdin.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Without a key: only a server that was started with `--dev` takes that.
    #[arg(long, conflicts_with = "key_file")]
    dev: bool,
}

/// Where a command signs in, and under which name it keeps that.
struct Place<'a> {
    console: &'a Console,
    settings: Settings,
    target: Target,
    name: String,
}

impl<'a> Place<'a> {
    fn new(console: &'a Console, remote: &Remote) -> Result<Place<'a>, Failure> {
        let settings = Settings::load(remote)?;
        let target = settings.target(remote)?;
        let name = target.context.clone().unwrap_or_else(|| CONTEXT.to_owned());
        Ok(Place {
            console,
            settings,
            target,
            name,
        })
    }

    fn client(&self, token: Option<String>) -> Result<Client, Failure> {
        Client::new(Target {
            token,
            ..self.target.clone()
        })
    }

    /// Asks the server whom a token belongs to, and keeps it if the server knows.
    fn keep(&mut self, token: String) -> Result<Exit, Failure> {
        let client = self.client(Some(token.clone()))?;
        let who = client.send(&Call::get(api("/whoami")))?.body;
        let mut context = self
            .settings
            .contexts()
            .get(&self.name)
            .cloned()
            .unwrap_or_default();
        context.server = Some(self.target.server.clone());
        self.settings.set(&self.name, Context { ..context }, true)?;
        let credential = Credential {
            token,
            server: self.target.server.clone(),
            expires_at: who["expires_at"].as_str().map(str::to_owned),
        };
        self.settings.keep(&self.name, &credential)?;
        let text = format!(
            "signed in to {} as {}; kept in context {}\n",
            self.target.server,
            cell(who.get("principal")),
            self.name
        );
        self.console.answer(&text, || who)?;
        Ok(Exit::Done)
    }
}

pub(super) fn login(console: &Console, remote: &Remote, args: &Login) -> Result<Exit, Failure> {
    let mut place = Place::new(console, remote)?;
    if let Some(token) = remote.token.clone() {
        return place.keep(token);
    }
    if let Some(name) = &args.username {
        let password = secret(&format!("password of {name}"), args.key_file.as_deref())?;
        let body = json!({ "username": name, "password": password });
        let call = Call::post(api("/auth/login")).body(body);
        let answer = place.client(None)?.send(&call).map_err(|failure| {
            if failure.exit() != Exit::NotFound {
                return failure;
            }
            let text = "this server has no users with passwords; sign in with --api-key";
            Failure::new(Code::Unauthenticated, text)
        })?;
        return place.keep(token_of(&answer.body)?);
    }
    let key = secret("API key", args.key_file.as_deref())?;
    place.keep(key)
}

/// Changes the bootstrap key into a token of the administrator.
pub(super) fn bootstrap(
    console: &Console,
    remote: &Remote,
    args: &Bootstrap,
) -> Result<Exit, Failure> {
    let mut place = Place::new(console, remote)?;
    let mut body = json!({ "tenant_id": "admin", "tenant_name": "admin" });
    if !args.dev {
        body["api_key"] = secret("bootstrap key", args.key_file.as_deref())?.into();
    }
    let answer = place
        .client(None)?
        .send(&Call::post("/auth/token").body(body))?;
    place.keep(token_of(&answer.body)?)
}

pub(super) fn logout(console: &Console, remote: &Remote) -> Result<Exit, Failure> {
    let place = Place::new(console, remote)?;
    let Some(token) = place.target.token.clone() else {
        let text = format!("context {} has no token", place.name);
        return Err(Failure::new(Code::Unauthenticated, text));
    };
    // an API key outlives a logout; `nimbus key delete` ends it
    if token.split('.').count() == 3 {
        let ended = place
            .client(Some(token))?
            .send(&Call::post(api("/auth/logout")));
        if let Err(failure) = ended {
            let told = failure.texts().next().unwrap_or_default().to_owned();
            console.note(&format!(
                "the token is forgotten here, but not ended on the server: {told}"
            ));
        }
    }
    let forgotten = place.settings.forget(&place.name)?;
    let text = if forgotten {
        "signed out"
    } else {
        "the token came from elsewhere and is not kept here"
    };
    console.answer(
        &format!("{text}\n"),
        || json!({ "context": place.name, "forgotten": forgotten }),
    )?;
    Ok(Exit::Done)
}

fn token_of(body: &Value) -> Result<String, Failure> {
    let token = body["token"].as_str().map(str::to_owned);
    token.ok_or_else(|| Failure::new(Code::BadAnswer, "the server gave no token"))
}

/// A secret from a file, a pipe, or a person: never from an argument.
fn secret(what: &str, file: Option<&Path>) -> Result<String, Failure> {
    let text = match file {
        Some(path) => output::read(path)?,
        None if std::io::stdin().is_terminal() => asked(what)?,
        None => {
            let mut text = String::new();
            let read = std::io::stdin().take(SECRET_MAX).read_to_string(&mut text);
            read.map_err(|error| Failure::file(Path::new("stdin"), &error))?;
            text
        }
    };
    let text = text.trim();
    if text.is_empty() || text.len() as u64 > SECRET_MAX {
        return Err(Failure::new(
            Code::Usage,
            format!("{what}: nothing was given"),
        ));
    }
    Ok(text.to_owned())
}

/// Asks on the terminal, without showing what is typed.
fn asked(what: &str) -> Result<String, Failure> {
    let mut err = std::io::stderr().lock();
    let _ = write!(err, "{what}: "); // a terminal that is gone has nobody to type either
    let _ = err.flush();
    let hidden = echo(false);
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    if hidden {
        echo(true);
        let _ = writeln!(err);
    }
    read.map_err(|error| Failure::file(Path::new("stdin"), &error))?;
    Ok(line)
}

/// Shows or hides what is typed; says whether that was possible.
fn echo(on: bool) -> bool {
    let mut stty = Command::new("stty");
    stty.arg(if on { "echo" } else { "-echo" });
    stty.stdin(Stdio::inherit()).stderr(Stdio::null());
    stty.status().is_ok_and(|status| status.success())
}
