//! The commands of guides that need a server, run as printed against `nimbus serve --dev`.
//!
//! In Markdown a block opened by ```` ```sh dev ```` holds commands, one a line; the blocks of a page share one shell,
//! one folder and one server of their own. `# exit N` at the end of a line says how it ends, if not with 0. A block
//! opened by ```` ```yaml file=NAME ```` is a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::dev::Dev;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Pages with commands for a server.
fn pages() -> Vec<PathBuf> {
    let guides = fs::read_dir(root().join("docs/guides")).unwrap();
    let mut paths: Vec<PathBuf> = guides.map(|entry| entry.unwrap().path()).collect();
    paths.push(root().join("docs/api.md"));
    paths.push(root().join("README.md"));
    paths.retain(|path| fs::read_to_string(path).unwrap().contains("\n```sh dev\n"));
    paths.sort();
    paths
}

/// A page as one script, and the files that it shows.
#[derive(Debug, Default, PartialEq, Eq)]
struct Script {
    text: String,
    files: Vec<(String, String)>,
    commands: usize,
}

fn script(page: &str) -> Script {
    let mut script = Script::default();
    let mut fence: Option<String> = None;
    for (at, line) in page.lines().enumerate() {
        match (&fence, line.strip_prefix("```")) {
            (None, Some(kind)) => {
                if let Some(name) = kind.strip_prefix("yaml file=") {
                    script.files.push((name.to_owned(), String::new()));
                }
                fence = Some(kind.to_owned());
            }
            (Some(_), Some(_)) => fence = None,
            (Some(kind), None) if kind == "sh dev" && !line.trim().is_empty() => {
                script.commands += 1;
                script.text.push_str(&checked(at + 1, line));
            }
            (Some(kind), None) if kind.starts_with("yaml file=") => {
                let (_, text) = script.files.last_mut().unwrap();
                text.push_str(line);
                text.push('\n');
            }
            _ => {}
        }
    }
    script
}

/// A command that ends the script if it ends otherwise than it should.
fn checked(at: usize, line: &str) -> String {
    let (command, code) = line.split_once(" # exit ").unwrap_or((line, "0"));
    let code: u8 = code.trim().parse().unwrap();
    format!(
        "{command}\nfound=$?\nif [ $found -ne {code} ]; then echo \"line {at} ended with $found, not {code}\" >&2; exit 99; fi\n"
    )
}

#[track_caller]
fn run(path: &Path) -> usize {
    let script = script(&fs::read_to_string(path).unwrap());
    let dev = Dev::start();
    for (name, text) in &script.files {
        fs::write(dev.folder().join(name), text).unwrap();
    }
    let bin = Path::new(env!("CARGO_BIN_EXE_nimbus")).parent().unwrap();
    let path_of = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .arg("-c")
        .arg(&script.text)
        .current_dir(dev.folder())
        .env("PATH", path_of)
        .env("XDG_CONFIG_HOME", dev.folder())
        .env("NIMBUS_SERVER", dev.url())
        .env_remove("NIMBUS_TOKEN")
        .env_remove("NIMBUS_TENANT")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{}\n{}{}",
        path.display(),
        text(&output.stdout),
        text(&output.stderr)
    );
    script.commands
}

#[test]
fn commands_of_guides_run_against_a_server() {
    let count: usize = pages().iter().map(|path| run(path)).sum();
    assert!(count > 30, "only {count} commands were found");
}

/// The requests of seed 0 and seed 1, as their pages print them.
#[test]
#[expect(
    clippy::too_many_lines,
    reason = "the lines of two seeds, one after the other"
)]
fn curl_lines_of_the_seeds_work_as_printed() {
    let dev = Dev::start();
    let url = dev.url();
    let curl = |args: &[&str]| {
        let output = Command::new("curl")
            .args(["-sS", "-w", "\n%{http_code}"])
            .args(args)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, status) = text.rsplit_once('\n').unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        (status.parse::<u16>().unwrap(), body)
    };
    let json = "Content-Type: application/json";
    let at = |path: &str| format!("{url}{path}");

    let (status, body) = curl(&[
        "-X",
        "POST",
        &at("/auth/token"),
        "-H",
        json,
        "-d",
        r#"{ "tenant_id": "admin", "tenant_name": "admin" }"#,
    ]);
    assert_eq!(status, 200, "{body}");
    let bearer = format!("Authorization: Bearer {}", body["token"].as_str().unwrap());
    let (status, body) = curl(&[
        "-X",
        "POST",
        &at("/tenants"),
        "-H",
        &bearer,
        "-H",
        json,
        "-d",
        r#"{"name": "acme"}"#,
    ]);
    assert!(status == 201 || status == 202, "{status} {body}");
    let (status, body) = curl(&[&at("/tenants"), "-H", &bearer]);
    assert!(status == 200 && body.is_array(), "{status} {body}");
    let (status, body) = curl(&[&at("/tenants/acme"), "-H", &bearer]);
    assert_eq!((status, body["slug"].as_str()), (200, Some("acme")));
    let (status, body) = curl(&[&at("/billing/usage"), "-H", &bearer]);
    assert!(status == 200 && body.is_array(), "{status} {body}");
    let (status, body) = curl(&[&at("/billing/invoice/acme"), "-H", &bearer]);
    assert!(
        status == 200 && body["total"].is_string(),
        "{status} {body}"
    );
    let (status, body) = curl(&["-X", "DELETE", &at("/tenants/acme"), "-H", &bearer]);
    assert!(
        status == 202 && body["status"] == "deleting",
        "{status} {body}"
    );
    let (status, _) = curl(&[&at("/metrics")]);
    assert_eq!(status, 200);

    let (status, app) = curl(&[
        "-X",
        "POST",
        &at("/api/v1/apps"),
        "-H",
        json,
        "-d",
        r#"{"name": "my-app", "description": "Production backend"}"#,
    ]);
    assert_eq!(status, 201, "{app}");
    let services = at(&format!(
        "/api/v1/apps/{}/services",
        app["id"].as_str().unwrap()
    ));
    let body = r#"{"name": "api", "image": "nginx:alpine", "replicas": 3, "port": 80, "cpu_limit": "500m", "memory_limit": "256Mi"}"#;
    let (status, service) = curl(&["-X", "POST", &services, "-H", json, "-d", body]);
    assert_eq!(status, 201, "{service}");
    let service = at(&format!(
        "/api/v1/services/{}",
        service["id"].as_str().unwrap()
    ));
    // the quota of the tenant that a credential-free caller stands in allows 2 cores
    let scale = format!("{service}/scale");
    let (status, body) = curl(&["-X", "PUT", &scale, "-H", json, "-d", r#"{"replicas": 5}"#]);
    assert!(
        status == 200 || body["code"] == "quota_exceeded",
        "{status} {body}"
    );
    let (status, body) = curl(&[&format!("{service}/status")]);
    assert!(
        status == 200 && body["status"].is_string(),
        "{status} {body}"
    );
    let (status, body) = curl(&[&at("/healthz")]);
    assert_eq!(
        (status, &body["status"], &body["database"], &body["cluster"]),
        (200, &"ok".into(), &"ok".into(), &"ok".into())
    );
}

/// Every limit of the configuration stands in the page, with its default.
#[test]
fn documented_limits_are_the_configured_ones() {
    let defaults: toml::Table = include_str!("../../src/config/default.toml")
        .parse()
        .unwrap();
    let page = include_str!("../../docs/limits.md");
    let limits = defaults["limits"].as_table().unwrap();
    for (key, value) in limits.iter().filter(|(_, value)| value.is_integer()) {
        let row = format!("| `limits.{key}` | {value} |");
        assert!(page.contains(&row), "docs/limits.md has no row {row}");
    }
    for (table, key) in [
        ("server", "deadline_seconds"),
        ("server", "inbox"),
        ("journal", "keep_mb"),
        ("journal", "keep_days"),
    ] {
        let row = format!("| `{table}.{key}` | {} |", defaults[table][key]);
        assert!(page.contains(&row), "docs/limits.md has no row {row}");
    }
}

#[test]
fn a_page_becomes_a_script() {
    let found = script(
        "x\n```sh dev\na b\nc # exit 5\n```\n```yaml file=a.yaml\nk: v\n```\n```sh\nd\n```\n",
    );
    assert_eq!(
        (found.commands, found.files),
        (2, vec![("a.yaml".to_owned(), "k: v\n".to_owned())])
    );
    assert!(
        found.text.contains("a b\nfound=$?\nif [ $found -ne 0 ]") && found.text.contains("-ne 5")
    );
}
