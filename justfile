# One recipe per check. `just` alone lists them.

bin := "target/release/nimbus"

# List the recipes.
default:
    @just --list

# Tier 0: decisions and the simulated world. After every edit.
t *args:
    cargo test -q -p nimbus-core -p nimbus-sim --lib {{args}}

# Tier 1: and the units of the binary's package.
tt *args:
    cargo test -q --workspace --lib {{args}}

# Tier 2: everything. What CI runs first.
test *args:
    cargo test --workspace {{args}}

# The same tests under cargo-nextest, with its time limits.
nextest *args:
    cargo nextest run --workspace {{args}}

# Rules over the text of the tree.
tidy:
    cargo test -q --test it tidy

# Format, lints, and core and sim on their own.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo check -p nimbus-core -p nimbus-sim

# Bans, licences, sources.
deny:
    cargo deny check bans licenses sources

# API documentation, warnings as errors.
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --workspace

# The release binary.
build:
    cargo build --release

# Replays every scenario and compares it with its golden report.
golden: build
    {{bin}} replay scenarios/*.toml -q

# Writes the golden reports. Read the difference before you commit it.
golden-update: build
    {{bin}} replay scenarios/*.toml --update-golden -q
    git diff --stat scenarios/golden

# Every scenario twice in this process, equal event hash.
determinism: build
    {{bin}} replay scenarios/*.toml --check-determinism -q

# Writes the generated files: command reference, scenario format, scenario schema.
gen: build
    {{bin}} gen scenario-schema
    {{bin}} gen cli-reference
    {{bin}} gen access
    {{bin}} gen openapi
    {{bin}} gen problems

# All benches, or one: `just bench --bench kernel`.
bench *args:
    cargo bench {{args}}

# Reads of the API against a bare handler in the same run: throughput, and p99 at half load.
bench-http:
    cargo bench --bench http

# Measures everything and writes the table of docs/performance.md. Some minutes.
bench-table:
    cargo bench --bench kernel --bench scheduler --bench billing --bench replay -- --warm-up-time 0.3 --measurement-time 1
    cargo bench --bench table

# Everything that CI runs.
ci:
    .ci/run
