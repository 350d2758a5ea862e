//! Requests about services: one form for creating and, merged with what is there, for changing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nimbus_core::autoscaler::Policy;
use nimbus_core::cluster::{Arch, PodSpec};
use nimbus_core::store::workload::Template;
use nimbus_core::tenant::{check_label_key, check_label_value};
use nimbus_core::time::Span;
use nimbus_core::workload::check_slug;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::faults::Faults;
use super::resources::sized;
use crate::http::problem::Problem;
use crate::http::views::autoscale::Autoscale;
use crate::http::views::spec::{ConfigFile, Details, HealthCheck, Port};

/// Longest image name, bytes.
const IMAGE_MAX: usize = 512;
/// Most variables, secrets, ports, files, constraints, words of a command.
const ENV_MAX: usize = 256;
const SECRETS_MAX: usize = 64;
const PORTS_MAX: usize = 16;
const FILES_MAX: usize = 16;
const CONSTRAINTS_MAX: usize = 16;
const WORDS_MAX: usize = 64;
/// Longest value of a variable, word, and file, bytes.
const VALUE_MAX: usize = 32 << 10;
const WORD_MAX: usize = 4_096;
/// Longest unread part of a revision or an app, bytes: what the machine takes.
const TEXTS_MAX: usize = 64 << 10;

/// A service. `name` and `image` are required; what else is left out has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceForm {
    /// Its name, a DNS label of at most 30 characters, unique within the app.
    #[schema(example = "api", max_length = 30)]
    pub name: String,
    /// Image.
    #[schema(example = "nginx:alpine", min_length = 1, max_length = 512)]
    pub image: String,
    /// Replicas, 0..1000 and within the bounds of `autoscale`; 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 3, maximum = 1000)]
    pub replicas: Option<u32>,
    /// Short for one entry of `ports`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 80, minimum = 1, maximum = 65535)]
    pub port: Option<u32>,
    /// Most cpu of a replica; the request, or `500m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "500m")]
    pub cpu_limit: Option<String>,
    /// Most memory of a replica; the request, or `512Mi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "256Mi")]
    pub memory_limit: Option<String>,
    /// Cpu that is reserved for each replica; the limit, or `100m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "500m")]
    pub cpu_request: Option<String>,
    /// Memory that is reserved for each replica; the limit, or `128Mi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "256Mi")]
    pub memory_request: Option<String>,
    /// `nano`, `micro`, `small`, `medium`, `large` or `xlarge` instead of the four above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    /// GPU slots: none are offered yet, so 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 0, maximum = 0)]
    pub gpu: Option<u32>,
    /// Required architecture: `amd64` or `arm64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arch: Option<String>,
    /// Required region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Command instead of the image's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// Arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<Vec<String>>,
    /// Environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<BTreeMap<String, String>>,
    /// Keys of secrets that each replica gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(["DATABASE_PASSWORD"]))]
    pub secrets: Option<Vec<String>>,
    /// Ports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports: Option<Vec<Port>>,
    /// How it is asked whether a replica serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_check: Option<HealthCheck>,
    /// Files that each replica finds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_files: Option<Vec<ConfigFile>>,
    /// How it is scaled by its load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscale: Option<Autoscale>,
    /// Labels that a node must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraints: Option<BTreeMap<String, String>>,
}

/// What a form says, checked.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Name of the service.
    pub name: Arc<str>,
    /// Image.
    pub image: Arc<str>,
    /// What each replica asks for.
    pub spec: PodSpec,
    /// The unread part.
    pub details: Arc<str>,
    /// Replicas, if they are named.
    pub replicas: Option<u32>,
    /// Policy.
    pub autoscale: Option<Policy>,
}

impl ServiceForm {
    /// The form that would make a revision like this one; a patch is merged into it.
    #[must_use]
    pub fn of(name: &str, template: &Template, autoscale: Option<&Policy>) -> ServiceForm {
        let details = Details::read(&template.details);
        let spec = &template.spec;
        let typed = details.instance_type.is_some();
        let unless_typed = |text: String| Some(text).filter(|_| !typed);
        let limit = |text: Option<String>| text.filter(|_| !typed);
        let pairs = spec.selector.iter();
        ServiceForm {
            name: name.to_owned(),
            image: template.image.to_string(),
            cpu_limit: limit(details.cpu_limit.map(|cpu| cpu.to_string())),
            memory_limit: limit(details.memory_limit.map(|memory| memory.to_string())),
            cpu_request: unless_typed(spec.requests.cpu.to_string()),
            memory_request: unless_typed(spec.requests.memory.to_string()),
            instance_type: details.instance_type,
            arch: spec.arch.map(|arch| arch_word(arch).to_owned()),
            region: spec.region.as_ref().map(ToString::to_string),
            command: Some(details.command),
            args: Some(details.args),
            env: Some(details.env),
            secrets: Some(details.secrets),
            ports: Some(details.ports),
            health_check: details.health_check,
            config_files: Some(details.config_files),
            autoscale: autoscale.map(Autoscale::from),
            constraints: Some(pairs.map(|(k, v)| (k.to_string(), v.to_string())).collect()),
            ..ServiceForm::default()
        }
    }

    /// What the form says. `before` has what forms cannot say: zone, tolerations, priority.
    ///
    /// # Errors
    /// 422 with all fields at fault.
    pub fn wish(&self, before: &PodSpec, allow_flap: bool) -> Result<Wish, Problem> {
        let mut faults = Faults::new();
        if let Err(refusal) = check_slug("name", &self.name) {
            faults.join(refusal.into());
        }
        let image = &self.image;
        let plain = !image.is_empty() && image.len() <= IMAGE_MAX;
        let plain = plain && image.chars().all(|c| c.is_ascii_graphic());
        faults.unless(
            plain,
            "image",
            "invalid",
            "expected 1 to 512 visible characters",
        );
        faults.unless(
            self.gpu.unwrap_or(0) == 0,
            "gpu",
            "too_large",
            "none are offered, expected 0",
        );
        let sized = sized(self, &mut faults);
        let spec = PodSpec {
            requests: sized.requests,
            arch: self.arch(&mut faults),
            region: self.region(&mut faults),
            selector: self.selector(&mut faults),
            ..before.clone()
        };
        let details = Details {
            args: self.words("args", self.args.as_ref(), &mut faults),
            command: self.words("command", self.command.as_ref(), &mut faults),
            config_files: self.files(&mut faults),
            cpu_limit: Some(sized.cpu_limit),
            env: self.env.clone().unwrap_or_default(),
            health_check: self.health(&mut faults),
            instance_type: self.instance_type.clone(),
            memory_limit: Some(sized.memory_limit),
            ports: self.ports(&mut faults),
            secrets: self.secrets(&mut faults),
        };
        check_env(&details.env, &mut faults);
        let text = details.text();
        check_texts(&text, "config_files", &mut faults);
        let autoscale = self.autoscale.as_ref();
        let autoscale = autoscale.map(|form| form.policy("autoscale", allow_flap));
        let autoscale = autoscale
            .transpose()
            .map_err(|problem| faults.join(problem));
        faults.done()?;
        Ok(Wish {
            name: self.name.as_str().into(),
            image: self.image.as_str().into(),
            spec,
            details: text,
            replicas: self.replicas,
            autoscale: autoscale.unwrap_or_default(),
        })
    }

    fn arch(&self, faults: &mut Faults) -> Option<Arch> {
        match self.arch.as_deref()? {
            "amd64" => Some(Arch::Amd64),
            "arm64" => Some(Arch::Arm64),
            _ => {
                faults.add("arch", "invalid", "expected amd64 or arm64");
                None
            }
        }
    }

    fn region(&self, faults: &mut Faults) -> Option<Arc<str>> {
        let region = self.region.as_deref()?;
        let checked = check_label_value(region).map(|()| Arc::from(region));
        faults.take("region", checked)
    }

    fn selector(&self, faults: &mut Faults) -> BTreeMap<Arc<str>, Arc<str>> {
        let pairs = self.constraints.iter().flatten();
        let selector: BTreeMap<Arc<str>, Arc<str>> = pairs
            .map(|(key, value)| {
                let path = format!("constraints.{key}");
                faults.take(&path, check_label_key(key));
                faults.take(&path, check_label_value(value));
                (key.as_str().into(), value.as_str().into())
            })
            .collect();
        let few = selector.len() <= CONSTRAINTS_MAX;
        faults.unless(few, "constraints", "too_many", "at most 16");
        selector
    }

    fn words(&self, path: &str, words: Option<&Vec<String>>, faults: &mut Faults) -> Vec<String> {
        let words = words.cloned().unwrap_or_default();
        faults.unless(words.len() <= WORDS_MAX, path, "too_many", "at most 64");
        let short = words.iter().all(|word| word.len() <= WORD_MAX);
        faults.unless(short, path, "too_long", "at most 4096 bytes each");
        words
    }

    fn ports(&self, faults: &mut Faults) -> Vec<Port> {
        let mut ports = self.ports.clone().unwrap_or_default();
        if let Some(port) = self.port {
            let alone = ports.is_empty();
            faults.unless(
                alone,
                "port",
                "conflict",
                "is short for ports and not taken beside it",
            );
            in_range(port, "port", faults);
            ports = vec![Port {
                port,
                protocol: "tcp".to_owned(),
                name: None,
            }];
            return ports;
        }
        faults.unless(ports.len() <= PORTS_MAX, "ports", "too_many", "at most 16");
        let mut seen = BTreeSet::new();
        for (at, port) in ports.iter().enumerate() {
            in_range(port.port, &format!("ports[{at}].port"), faults);
            let known = matches!(&*port.protocol, "tcp" | "udp");
            faults.unless(
                known,
                &format!("ports[{at}].protocol"),
                "invalid",
                "expected tcp or udp",
            );
            let once = seen.insert((port.port, port.protocol.clone()));
            faults.unless(
                once,
                &format!("ports[{at}].port"),
                "duplicate",
                "stands there twice",
            );
            if let Some(name) = &port.name {
                let checked = nimbus_core::tenant::slug::label(name, 15);
                faults.take(&format!("ports[{at}].name"), checked);
            }
        }
        ports
    }

    fn secrets(&self, faults: &mut Faults) -> Vec<String> {
        let secrets = self.secrets.clone().unwrap_or_default();
        faults.unless(
            secrets.len() <= SECRETS_MAX,
            "secrets",
            "too_many",
            "at most 64",
        );
        let mut seen = BTreeSet::new();
        for (at, key) in secrets.iter().enumerate() {
            let path = format!("secrets[{at}]");
            faults.unless(is_key(key), &path, "invalid", KEY);
            faults.unless(seen.insert(key), &path, "duplicate", "stands there twice");
            let env = self.env.as_ref().is_some_and(|env| env.contains_key(key));
            faults.unless(!env, &path, "conflict", "is in env as well");
        }
        secrets
    }

    fn health(&self, faults: &mut Faults) -> Option<HealthCheck> {
        let check = self.health_check.clone()?;
        let path = check.path.starts_with('/') && check.path.len() <= 256;
        let plain = path && check.path.chars().all(|c| c.is_ascii_graphic());
        let text = "expected a path of at most 256 visible characters";
        faults.unless(plain, "health_check.path", "invalid", text);
        if let Some(port) = check.port {
            in_range(port, "health_check.port", faults);
        }
        if let Some(text) = &check.period {
            let at = "health_check.period";
            let period = faults.take(at, Span::parse(text));
            let fits = |span: Span| (1..=3_600).contains(&span.secs());
            faults.unless(
                period.is_none_or(fits),
                at,
                "out_of_range",
                "expected 1s to 1h",
            );
        }
        Some(check)
    }

    fn files(&self, faults: &mut Faults) -> Vec<ConfigFile> {
        let files = self.config_files.clone().unwrap_or_default();
        faults.unless(
            files.len() <= FILES_MAX,
            "config_files",
            "too_many",
            "at most 16",
        );
        let mut seen = BTreeSet::new();
        for (at, file) in files.iter().enumerate() {
            let path = format!("config_files[{at}].path");
            let parts = file.path.split('/').skip(1);
            let absolute = file.path.starts_with('/') && file.path.len() <= 256;
            let plain = parts
                .into_iter()
                .all(|part| !matches!(part, "" | "." | ".."));
            let fits = absolute && plain && !file.path.chars().any(char::is_control);
            faults.unless(
                fits,
                &path,
                "invalid",
                "expected an absolute path without . and ..",
            );
            faults.unless(
                seen.insert(&file.path),
                &path,
                "duplicate",
                "stands there twice",
            );
            let short = file.content.len() <= VALUE_MAX;
            let path = format!("config_files[{at}].content");
            faults.unless(short, &path, "too_long", "at most 32 KiB");
        }
        files
    }
}

/// The word of an architecture.
const fn arch_word(arch: Arch) -> &'static str {
    match arch {
        Arch::Amd64 => "amd64",
        Arch::Arm64 => "arm64",
    }
}

const KEY: &str = "expected letters, digits and underscores, first no digit, at most 128";

fn is_key(key: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let first = key.bytes().next().is_some_and(|b| !b.is_ascii_digit());
    first && key.len() <= 128 && key.bytes().all(inner)
}

fn in_range(port: u32, path: &str, faults: &mut Faults) {
    let fits = (1..=65_535).contains(&port);
    faults.unless(fits, path, "out_of_range", "expected 1..65535");
}

/// Checks an environment.
pub fn check_env(env: &BTreeMap<String, String>, faults: &mut Faults) {
    faults.unless(env.len() <= ENV_MAX, "env", "too_many", "at most 256");
    for (key, value) in env {
        let path = format!("env.{}", key.chars().take(64).collect::<String>());
        faults.unless(is_key(key), &path, "invalid", KEY);
        faults.unless(
            value.len() <= VALUE_MAX,
            &path,
            "too_long",
            "at most 32 KiB",
        );
    }
}

/// Checks that all texts together are not too long.
pub fn check_texts(text: &str, path: &str, faults: &mut Faults) {
    let short = text.len() <= TEXTS_MAX;
    faults.unless(
        short,
        path,
        "too_long",
        "all texts together are longer than 64 KiB",
    );
}
