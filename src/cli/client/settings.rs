//! Contexts: which server, as whom. Flag before variable before context before default.
//!
//! `config.toml` holds no secret; the token of a context stands in a file of its own that only its owner reads.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::options::Remote;
use crate::cli::exit::{Code, Failure};
use crate::cli::output;

/// Where a server is expected if nobody says otherwise.
pub(crate) const DEFAULT_SERVER: &str = "http://127.0.0.1:8080";
/// Longest name of a context.
const NAME_MAX: usize = 63;
/// Largest file that is read, bytes.
const FILE_MAX: u64 = 1 << 20;

/// One server and one user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Context {
    /// Address of the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server: Option<String>,
    /// Tenant that is meant where it is not clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tenant: Option<String>,
    /// File with certificates that are trusted beside the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca: Option<PathBuf>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<String>,
    #[serde(default)]
    contexts: BTreeMap<String, Context>,
}

/// What proves who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credential {
    /// Token or API key.
    pub(crate) token: String,
    /// The server that it was given for.
    pub(crate) server: String,
    /// When it ends, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<String>,
}

/// The contexts of this user.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    path: PathBuf,
    file: File,
}

/// Whom a call goes to, after flags, variables, context and defaults.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// Address without a final slash.
    pub(crate) server: String,
    /// Token or API key.
    pub(crate) token: Option<String>,
    /// Where the token comes from.
    pub(crate) token_from: &'static str,
    /// Tenant that is meant where it is not clear.
    pub(crate) tenant: Option<String>,
    /// Certificates that are trusted beside the system's.
    pub(crate) ca: Option<PathBuf>,
    /// The context that was used.
    pub(crate) context: Option<String>,
}

impl Target {
    /// Whether the server is on this machine.
    pub(crate) fn loopback(&self) -> bool {
        let rest = self.server.split("://").nth(1).unwrap_or_default();
        let host = rest.split('/').next().unwrap_or_default();
        let host = host.strip_prefix('[').map_or_else(
            || host.split(':').next().unwrap_or_default(),
            |six| six.split(']').next().unwrap_or_default(),
        );
        host == "localhost"
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }
}

impl Settings {
    /// Reads the contexts; none if there is no file.
    ///
    /// # Errors
    /// A file that cannot be read, or says what it may not say.
    pub(crate) fn load(remote: &Remote) -> Result<Settings, Failure> {
        let path = match &remote.config {
            Some(path) => path.clone(),
            None => folder()?.join("config.toml"),
        };
        let file = match fs::metadata(&path) {
            Err(_) if remote.config.is_none() => File::default(),
            Err(error) => return Err(Failure::file(&path, &error)),
            Ok(meta) if meta.len() > FILE_MAX => return Err(bad(&path, "is too large")),
            Ok(_) => toml::from_str(&output::read(&path)?)
                .map_err(|error| bad(&path, error.message()))?,
        };
        Ok(Settings { path, file })
    }

    /// Whom calls go to.
    ///
    /// # Errors
    /// An unknown context, an address that is none, a token file that others may read.
    pub(crate) fn target(&self, remote: &Remote) -> Result<Target, Failure> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let name = remote
            .context
            .clone()
            .or_else(|| variable("NIMBUS_CONTEXT"));
        let name = match name {
            Some(name) => Some(self.known(&name).map(|_| name)?),
            None => self.file.current.clone(),
        };
        let context = match &name {
            Some(name) => self.known(name)?.clone(),
            None => Context::default(),
        };
        let server = remote.server.clone().or_else(|| variable("NIMBUS_SERVER"));
        let server = server.or_else(|| context.server.clone());
        let server = address(server.as_deref().unwrap_or(DEFAULT_SERVER))?;
        let (token, token_from) = match (&remote.token, variable("NIMBUS_TOKEN"), &name) {
            (Some(token), _, _) => (Some(token.clone()), "--token"),
            (None, Some(token), _) => (Some(token), "NIMBUS_TOKEN"),
            (None, None, Some(name)) => (self.token_for(name, &server)?, "the context"),
            (None, None, None) => (None, "nowhere"),
        };
        let visible = |token: &String| token.bytes().all(|b| b.is_ascii_graphic());
        if !token.as_ref().is_none_or(visible) {
            let text = format!("token from {token_from}: expected visible characters only");
            return Err(Failure::new(Code::Usage, text));
        }
        Ok(Target {
            server,
            token,
            token_from,
            tenant: remote
                .tenant
                .clone()
                .or_else(|| variable("NIMBUS_TENANT"))
                .or(context.tenant),
            ca: context.ca,
            context: name,
        })
    }

    /// The file that contexts stand in.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The context that is used if none is named.
    pub(crate) fn current(&self) -> Option<&str> {
        self.file.current.as_deref()
    }

    /// All contexts by name.
    pub(crate) fn contexts(&self) -> &BTreeMap<String, Context> {
        &self.file.contexts
    }

    /// A context, or who else there is.
    pub(crate) fn known(&self, name: &str) -> Result<&Context, Failure> {
        self.file.contexts.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.file.contexts.keys().map(String::as_str).collect();
            let known = match names.as_slice() {
                [] => {
                    "there is none yet; `nimbus context set NAME --server URL` makes one".to_owned()
                }
                some => format!("there is {}", some.join(", ")),
            };
            Failure::new(Code::NotFound, format!("no context {name}; {known}"))
        })
    }

    /// Adds or replaces a context and writes the file.
    pub(crate) fn set(
        &mut self,
        name: &str,
        context: Context,
        current: bool,
    ) -> Result<(), Failure> {
        check_name(name)?;
        self.file.contexts.insert(name.to_owned(), context);
        if current || self.file.current.is_none() {
            self.file.current = Some(name.to_owned());
        }
        self.save()
    }

    /// Makes a context the current one.
    pub(crate) fn use_context(&mut self, name: &str) -> Result<(), Failure> {
        self.known(name)?;
        self.file.current = Some(name.to_owned());
        self.save()
    }

    /// Removes a context and its token.
    pub(crate) fn remove(&mut self, name: &str) -> Result<(), Failure> {
        self.known(name)?;
        self.file.contexts.remove(name);
        if self.file.current.as_deref() == Some(name) {
            self.file.current = None;
        }
        self.forget(name)?;
        self.save()
    }

    /// The credential of a context, if it has one.
    ///
    /// # Errors
    /// A file that others may read, or that was not written by this program.
    pub(crate) fn credential(&self, name: &str) -> Result<Option<Credential>, Failure> {
        let path = self.token_path(name);
        if !path.exists() {
            return Ok(None);
        }
        refuse_shared(&path)?;
        let text = output::read(&path)?;
        let found = serde_json::from_str(&text);
        found
            .map(Some)
            .map_err(|_| bad(&path, "is no token file; sign in again: nimbus login"))
    }

    /// Keeps a credential where only this user reads it.
    pub(crate) fn keep(&self, name: &str, credential: &Credential) -> Result<(), Failure> {
        check_name(name)?;
        let path = self.token_path(name);
        let folder = path.parent().unwrap_or(Path::new("."));
        private_folder(folder)?;
        let text = serde_json::to_string(credential).expect("a credential is plain data");
        write_private(&path, text.as_bytes())
    }

    /// Forgets the credential of a context.
    pub(crate) fn forget(&self, name: &str) -> Result<bool, Failure> {
        let path = self.token_path(name);
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Failure::file(&path, &error)),
        }
    }

    /// Where the credential of a context stands.
    pub(crate) fn token_path(&self, name: &str) -> PathBuf {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        folder.join("tokens").join(format!("{name}.json"))
    }

    /// The token of a context, for the server that it was given for and no other.
    fn token_for(&self, name: &str, server: &str) -> Result<Option<String>, Failure> {
        let credential = self.credential(name)?;
        Ok(credential
            .filter(|credential| credential.server == server)
            .map(|credential| credential.token))
    }

    fn save(&self) -> Result<(), Failure> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))?;
        let text = toml::to_string(&self.file).expect("contexts are plain data");
        output::write(&self.path, text.as_bytes())
    }
}

/// An address without what does not belong into one.
pub(crate) fn address(text: &str) -> Result<String, Failure> {
    let refuse = |why: &str| {
        Err(Failure::new(
            Code::Usage,
            format!("server {text}: expected an address such as {DEFAULT_SERVER}{why}"),
        ))
    };
    let Ok(url) = reqwest::Url::parse(text) else {
        return refuse("");
    };
    if !["http", "https"].contains(&url.scheme()) || url.host().is_none() {
        return refuse("");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse(", without a user");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refuse(", without ? and #");
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn check_name(name: &str) -> Result<(), Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let fits = !name.is_empty() && name.len() <= NAME_MAX && !name.starts_with('.');
    if fits && name.chars().all(plain) {
        return Ok(());
    }
    let expected =
        format!("expected 1 to {NAME_MAX} letters, digits, hyphens, dots and underscores");
    Err(Failure::new(
        Code::Usage,
        format!("context {name}: {expected}"),
    ))
}

fn bad(path: &Path, why: &str) -> Failure {
    Failure::new(Code::Invalid, format!("{}: {why}", path.display()))
}

/// The user's configuration folder for Nimbus.
fn folder() -> Result<PathBuf, Failure> {
    let variable = |name: &str| {
        std::env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    let home = || variable("HOME").or_else(|| variable("USERPROFILE"));
    let base = if cfg!(windows) {
        variable("APPDATA")
    } else if cfg!(target_os = "macos") {
        home().map(|home| home.join("Library/Application Support"))
    } else {
        let absolute = variable("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
        absolute.or_else(|| home().map(|home| home.join(".config")))
    };
    let found = base.map(|base| base.join("nimbus"));
    found.ok_or_else(|| Failure::new(Code::File, "no home folder; name a file with --config"))
}

#[cfg(unix)]
fn refuse_shared(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    let meta = fs::metadata(path).map_err(|error| Failure::file(path, &error))?;
    if meta.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    Err(bad(path, "others may read this token; chmod 600 it"))
}

#[cfg(not(unix))]
fn refuse_shared(_: &Path) -> Result<(), Failure> {
    Ok(())
}

#[cfg(unix)]
fn private_folder(folder: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt;
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder);
    made.map_err(|error| Failure::file(folder, &error))
}

#[cfg(not(unix))]
fn private_folder(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))
}

/// Writes a file that was never readable by others, not even for a moment.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let beside = path.with_extension(format!("{}.tmp", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let written = options
        .open(&beside)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| {
        let _ = fs::remove_file(&beside); // half a token helps nobody
        Failure::file(path, &error)
    })
}
