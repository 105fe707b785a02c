//! `baton config`: a `baton.toml` is checked, or applied to a running server.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use baton::domain::CentreId;
use baton::maintenance::{self, Application};
use baton::options::{self, File, Flags, Options};
use clap::Subcommand;

use crate::print;

/// What the program exits with if a configuration file cannot be used.
const EXIT_MISCONFIGURED: u8 = 2;

#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say everything that is wrong with a baton.toml, and exit with 2 if something is
    Check {
        /// The file
        file: PathBuf,
    },
    /// Make a contact centre of a running server what a baton.toml says of it, and print what is different
    Apply(Apply),
}

#[derive(clap::Args)]
pub(crate) struct Apply {
    /// The file
    file: PathBuf,
    /// The contact centre, where the file has several
    #[arg(long)]
    centre: Option<CentreId>,
    /// Where the server is, if not on this machine at the port of the file
    #[arg(long, env = "BATON_URL")]
    url: Option<String>,
    /// Token of an administrator of the contact centre: `baton token` prints one. Other users of the machine see flags, but not
    /// the environment
    #[arg(long, env = "BATON_TOKEN", hide_env_values = true)]
    token: String,
    /// Print what is different, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Remove what the file does not name
    #[arg(long)]
    remove_others: bool,
}

impl ConfigCommand {
    /// Carries the command out.
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self {
            Self::Check { file } if is_well(&file) => {
                println!("{}: well", file.display());
                Ok(ExitCode::SUCCESS)
            }
            Self::Apply(apply) if is_well(&apply.file) => apply.run(),
            Self::Check { .. } | Self::Apply(_) => Ok(ExitCode::from(EXIT_MISCONFIGURED)),
        }
    }
}

/// Whether a configuration file can be used; says what is wrong with it, if not.
fn is_well(file: &Path) -> bool {
    let problems = match options::check(file) {
        Ok(problems) => problems,
        Err(error) => vec![format!("{:#}", anyhow::Error::from(error))],
    };
    for problem in &problems {
        eprintln!("{}: {problem}", file.display());
    }
    problems.is_empty()
}

impl Apply {
    /// Applies a file that can be used to the server that runs one of its contact centres.
    #[tokio::main(flavor = "current_thread")]
    async fn run(self) -> Result<ExitCode> {
        let (options, centres) = Options::resolve(Flags::default(), File::read(Some(&self.file))?);
        let mut named = centres
            .iter()
            .filter(|(id, _)| self.centre.as_ref().is_none_or(|wanted| wanted == *id));
        let (Some((centre, configuration)), None) = (named.next(), named.next()) else {
            bail!("say by --centre which of the contact centres of the file is meant");
        };
        let url = match &self.url {
            Some(url) => url.clone(),
            None if options.has_tls() => bail!("say by --url how the server is called"),
            None => format!("http://127.0.0.1:{}", options.listen.port()),
        };
        let application = Application {
            centre,
            configuration,
            removes_others: self.remove_others,
            is_dry_run: self.dry_run,
        };
        print(&maintenance::apply(&application, &url, &self.token).await?);
        Ok(ExitCode::SUCCESS)
    }
}
