//! What can be typed after `rounds data import`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use rounds_environments::clinic::fhir::VisitRule;

use super::data_args::{EpisodesArgs, RunEpisodesArgs};

#[derive(Debug, Clone, Args)]
pub(crate) struct ImportArgs {
    #[command(subcommand)]
    pub(crate) source: Source,
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Source {
    /// MIMIC-III tables as CSV, gzipped or plain.
    MimicIii(MimicArgs),
    /// A file of AgentClinic cases, one JSON object a line, in the MedQA or NEJM layout.
    Agentclinic(AgentClinicArgs),
    /// FHIR R4 bundles as Synthea writes them, gzipped or plain: one record a patient.
    Fhir(FhirArgs),
    /// A D4RL file of episodes, FILE.hdf5 (a build with the feature hdf5).
    D4rl(EpisodesArgs),
    /// The folder of a Minari data set (a build with the feature hdf5).
    Minari(EpisodesArgs),
    /// The episodes of a finished run of a control environment.
    Rounds(RunEpisodesArgs),
}

#[derive(Debug, Clone, Args)]
pub(crate) struct MimicArgs {
    /// Folder with the tables, each a .csv or .csv.gz.
    pub(crate) path: PathBuf,
    /// Folder for the records; must not hold anything.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Most diagnoses of an admission, inclusive.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) max_diagnoses: u32,
    /// Keep admissions that ended in death.
    #[arg(long)]
    pub(crate) keep_died: bool,
    /// Keep admissions without charted events.
    #[arg(long)]
    pub(crate) keep_uncharted: bool,
    /// Draw this many admissions at random; by default all are taken.
    #[arg(long, value_name = "N")]
    pub(crate) sample: Option<usize>,
    /// Seed of that draw.
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(crate) seed: u64,
    /// The source is open data: reports may hold its text.
    #[arg(long)]
    pub(crate) open: bool,
    /// Print the manifest as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of sources that name diagnoses in words.
#[derive(Debug, Clone, Args)]
pub(crate) struct NamedSource {
    /// Folder for the records; must not hold anything.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Titles of ICD-9-CM codes, a CSV file such as D_ICD_DIAGNOSES; names are looked up there
    /// beside the built-in ones.
    #[arg(long, value_name = "FILE")]
    pub(crate) titles: Option<PathBuf>,
    /// Skip and count what cannot be read; by default it is an error.
    #[arg(long)]
    pub(crate) skip_bad: bool,
    /// The source is open data: reports may hold its text.
    #[arg(long)]
    pub(crate) open: bool,
    /// Print the manifest as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct AgentClinicArgs {
    /// The file of cases.
    pub(crate) path: PathBuf,
    #[command(flatten)]
    pub(crate) named: NamedSource,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Visit {
    /// The last encounter at which a disease was recorded; without one, the last of all.
    LastDisease,
    /// The first encounter at which a disease was recorded; without one, the last of all.
    FirstDisease,
    /// The last encounter.
    Last,
}

impl From<Visit> for VisitRule {
    fn from(visit: Visit) -> Self {
        match visit {
            Visit::LastDisease => Self::LastDisease,
            Visit::FirstDisease => Self::FirstDisease,
            Visit::Last => Self::Last,
        }
    }
}

#[derive(Debug, Clone, Args)]
pub(crate) struct FhirArgs {
    /// A bundle, or a folder of bundles (*.json, *.json.gz).
    pub(crate) path: PathBuf,
    #[command(flatten)]
    pub(crate) named: NamedSource,
    /// Which encounter is the visit: what was recorded before it is history, its diseases are the
    /// truth.
    #[arg(long, value_enum, default_value = "last-disease")]
    pub(crate) visit: Visit,
    /// A condition whose name ends with this is no disease; may be given several times.
    #[arg(long, value_name = "ENDING", default_values = ["(finding)", "(situation)"])]
    pub(crate) not_disease: Vec<String>,
}
