//! The `baton` program.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what the commands print is for people and scripts"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File as DiskFile;
use std::io::{BufReader, BufWriter, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use argon2::{Argon2, PasswordHasher};
use baton::domain::{CentreId, Configuration, Role, UserId};
use baton::identity::REVOKED_FILE;
use baton::journal::DataFolder;
use baton::logging::Logging;
use baton::maintenance::{self, Report};
use baton::options::{File, Flags, Options, demo};
use baton::server::{self, SECRET_FILE, Server};
use clap::{Parser, Subcommand};

mod config_command;

use config_command::ConfigCommand;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the program exits with if what it keeps is not what was written: a person has to decide.
const EXIT_DAMAGED: u8 = 3;
/// Password of every demo user.
const DEMO_PASSWORD: &str = "demo";

#[derive(Parser)]
#[command(
    name = "baton",
    version,
    about = "An open contact-centre interaction server",
    after_help = "Exits with 0 when all is well, 2 for a wrong flag or configuration file, 3 if the data folder holds something else than what \
                  was written (`baton journal verify` says what), 1 for everything else."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server
    Serve(Common),
    /// Print a bearer token (JWT) of a user, for scripts
    Token {
        #[command(flatten)]
        common: Common,
        /// The user
        #[arg(long)]
        user: UserId,
        /// The contact centre, where the user's name does not tell
        #[arg(long)]
        centre: Option<CentreId>,
        /// A role, instead of those that are configured; may be repeated
        #[arg(long = "role", value_parser = parse_role)]
        roles: Vec<Role>,
        /// Seconds until the token ends
        #[arg(long, default_value_t = 12 * 3600)]
        valid_s: u64,
    },
    /// Exit with 0 if the server on this machine is ready
    Health(Common),
    /// Print the hash of a password from standard input, for baton.toml
    Hash,
    /// Check a configuration file
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Check, repair, export or import the journals of a data folder
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Copy the data folder of a server that may be running into a new folder
    Backup {
        #[command(flatten)]
        common: Common,
        /// The new folder
        to: PathBuf,
    },
}

#[derive(Subcommand)]
enum JournalCommand {
    /// Check every step and every state snapshot; the server may be running
    Verify {
        #[command(flatten)]
        common: Common,
        /// Only this contact centre
        #[arg(long)]
        centre: Option<CentreId>,
    },
    /// Keep what is good of a damaged journal, and the damaged one beside it; the server must be stopped
    Repair {
        #[command(flatten)]
        common: Common,
        /// Only this contact centre
        #[arg(long)]
        centre: Option<CentreId>,
    },
    /// Print a journal as JSON lines; the server may be running
    Export {
        #[command(flatten)]
        common: Common,
        /// The contact centre
        #[arg(long)]
        centre: CentreId,
        /// Write to this new file instead
        #[arg(long)]
        output: Option<PathBuf>,
    },
    /// Make a journal from exported JSON lines, where there is none; the server must be stopped
    Import {
        #[command(flatten)]
        common: Common,
        /// The contact centre
        #[arg(long)]
        centre: CentreId,
        /// The file, or - for standard input
        file: PathBuf,
    },
}

#[derive(clap::Args)]
struct Common {
    /// Configuration file
    #[arg(long, env = "BATON_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            // In one line, and never with a stack: whoever runs the server has to find what to do in it.
            eprintln!("Error: {error:#}");
            match maintenance::is_damage(&error) {
                true => ExitCode::from(EXIT_DAMAGED),
                false => ExitCode::FAILURE,
            }
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Serve(common) => serve(common)?,
        Command::Token {
            common,
            user,
            centre,
            roles,
            valid_s,
        } => token(common, user, centre, roles, valid_s)?,
        Command::Health(common) => health(&common.resolve()?.0)?,
        Command::Hash => {
            let mut password = String::new();
            std::io::stdin().read_line(&mut password)?;
            println!("{}", hash(password.trim_end_matches(['\r', '\n']))?);
        }
        Command::Config(command) => return command.run(),
        Command::Journal(command) => return journal(command),
        Command::Backup { common, to } => {
            let folder = common.resolve()?.0.data;
            print(&maintenance::back_up(
                &folder,
                &to,
                &[SECRET_FILE, REVOKED_FILE],
            )?);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn journal(command: JournalCommand) -> Result<ExitCode> {
    match command {
        JournalCommand::Verify { common, centre } => {
            let folder = common.resolve()?.0.data;
            let mut is_good = true;
            for name in named(&folder, centre)? {
                let report = maintenance::verify(&folder, &name)?;
                print(&report);
                is_good &= report.problems.is_empty();
            }
            if !is_good {
                return Ok(ExitCode::from(EXIT_DAMAGED));
            }
        }
        JournalCommand::Repair { common, centre } => {
            let folder = DataFolder::open(common.resolve()?.0.data)?;
            for name in named(folder.path(), centre)? {
                print(&maintenance::repair(&folder, &name)?);
            }
        }
        JournalCommand::Export {
            common,
            centre,
            output,
        } => {
            let folder = common.resolve()?.0.data;
            let steps = match output {
                Some(file) => {
                    let new = DiskFile::create_new(&file);
                    let new = new.with_context(|| format!("cannot make {}", file.display()))?;
                    let steps = maintenance::export(&folder, centre.as_str(), BufWriter::new(&new));
                    new.sync_all()?;
                    steps?
                }
                None => {
                    let out = BufWriter::new(std::io::stdout().lock());
                    maintenance::export(&folder, centre.as_str(), out)?
                }
            };
            eprintln!("{centre}: {steps} steps");
        }
        JournalCommand::Import {
            common,
            centre,
            file,
        } => {
            let folder = DataFolder::open(common.resolve()?.0.data)?;
            let steps = if file == Path::new("-") {
                maintenance::import(&folder, centre.as_str(), std::io::stdin().lock())?
            } else {
                let text = DiskFile::open(&file);
                let text = text.with_context(|| format!("cannot read {}", file.display()))?;
                maintenance::import(&folder, centre.as_str(), BufReader::new(text))?
            };
            println!("{centre}: {steps} steps");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// One contact centre, or all of a data folder.
fn named(folder: &Path, centre: Option<CentreId>) -> Result<Vec<String>> {
    centre.map_or_else(
        || maintenance::centres(folder),
        |centre| Ok(vec![centre.to_string()]),
    )
}

fn print(report: &Report) {
    for line in &report.facts {
        println!("{line}");
    }
    for line in &report.problems {
        println!("PROBLEM {line}");
    }
}

#[tokio::main]
async fn serve(common: Common) -> Result<()> {
    let is_configured = common.config.is_some();
    let (options, mut centres) = common.resolve()?;
    let logging = Logging::start(&options)?;
    let runs_demo = options.demo || !is_configured;
    if runs_demo {
        if !options.demo && !options.listen.ip().is_loopback() {
            bail!(
                "the demo's users have a known password and are for this machine only: name a configuration with \
                 --config, listen on a loopback address, or say --demo"
            );
        }
        centres.extend(demo(&hash(DEMO_PASSWORD)?)?);
    }
    if centres.is_empty() {
        bail!("the configuration names no contact centre: it needs at least one [centres.<id>]");
    }
    let server = Server::start(&options, centres).await?;
    let address = server.address()?;
    let scheme = if options.has_tls() { "https" } else { "http" };
    // Before it says that it listens: whoever reads that may tell it to stop.
    let stop = told_to_stop()?;
    println!("listening on {scheme}://{address}");
    if runs_demo {
        println!("{}", welcome(&format!("{scheme}://{address}")));
    }
    std::io::stdout().flush()?;
    server.run(stop).await;
    logging.stop();
    Ok(())
}

fn token(
    common: Common,
    user: UserId,
    centre: Option<CentreId>,
    roles: Vec<Role>,
    valid_s: u64,
) -> Result<()> {
    let is_configured = common.config.is_some();
    let (options, mut centres) = common.resolve()?;
    if options.demo || !is_configured {
        centres.extend(demo("")?);
    }
    let home = centres
        .iter()
        .find(|(id, found)| {
            centre
                .as_ref()
                .map_or(found.users.contains_key(&user), |wanted| wanted == *id)
        })
        .map(|(id, found)| (id.clone(), found.users.get(&user)));
    let (centre, configured) = match (home, centre) {
        (Some((id, configured)), _) => (id, configured),
        (None, Some(id)) => (id, None),
        (None, None) => bail!("no contact centre has a user {user}: name one with --centre"),
    };
    let roles: BTreeSet<Role> = if roles.is_empty() {
        configured
            .map(|user| user.roles.clone())
            .unwrap_or_default()
    } else {
        roles.into_iter().collect()
    };
    if roles.is_empty() {
        bail!("no role is configured for {user}: name one with --role");
    }
    let secret = server::secret(&options, None)?;
    let tokens = server::tokens(&options, &secret);
    println!(
        "{}",
        tokens.issue(user, centre, &roles, valid_s.saturating_mul(1_000))?
    );
    Ok(())
}

/// Asks the server on this machine whether it is ready.
fn health(options: &Options) -> Result<()> {
    let address = SocketAddr::from(([127, 0, 0, 1], options.listen.port()));
    if options.has_tls() {
        return health_by_tls(address);
    }
    let patience = Duration::from_secs(3);
    let mut stream = TcpStream::connect_timeout(&address, patience)
        .with_context(|| format!("nothing listens on {address}"))?;
    stream.set_read_timeout(Some(patience))?;
    write!(
        stream,
        "GET /health/ready HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    if reply.starts_with("HTTP/1.1 200 ") {
        Ok(())
    } else {
        bail!("not ready: {}", reply.lines().last().unwrap_or_default())
    }
}

/// The same by TLS. Nobody asks whose certificate it is: this is the machine itself.
#[tokio::main(flavor = "current_thread")]
async fn health_by_tls(address: SocketAddr) -> Result<()> {
    let http = reqwest::Client::builder()
        .danger_accept_invalid_certs(true)
        .timeout(Duration::from_secs(3))
        .build()?;
    let reply = http.get(format!("https://{address}/health/ready")).send();
    let reply = reply
        .await
        .with_context(|| format!("nothing listens on {address}"))?;
    if reply.status().is_success() {
        return Ok(());
    }
    bail!("not ready: {}", reply.text().await?)
}

impl Common {
    fn resolve(self) -> Result<(Options, BTreeMap<CentreId, Configuration>)> {
        let keys = File::read(self.config.as_deref())?;
        Ok(Options::resolve(self.flags, keys))
    }
}

fn parse_role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| {
        let names: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
        format!("a role is one of {}", names.join(", "))
    })
}

fn hash(password: &str) -> Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    Ok(hash
        .map_err(|error| anyhow::anyhow!("cannot hash: {error}"))?
        .to_string())
}

/// SIGTERM or Ctrl-C.
fn told_to_stop() -> Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn welcome(url: &str) -> String {
    format!(
        "
  Desk        {url}/
  API docs    {url}/docs
  CometD      {url}/api/v2/notifications

  Demo users  agent1 … agent6, supervisor, admin, mediaserver, router, reporting;
              other-agent and other-admin of a second contact centre. Password: {DEMO_PASSWORD}

  Log an agent in, make him ready, and send him a chat:

curl -su agent1:{DEMO_PASSWORD} {url}/api/v2/me --json '{{\"operationName\":\"StartContactCenterSession\",\"channels\":[\"chat\"]}}'
curl -su agent1:{DEMO_PASSWORD} {url}/api/v2/me/channels/chat --json '{{\"operationName\":\"Ready\"}}'
curl -su mediaserver:{DEMO_PASSWORD} {url}/api/v2/interactions --json '{{\"mediaType\":\"chat\",\"queue\":\"chat\",\"subject\":\"Hello\"}}'
"
    )
}
