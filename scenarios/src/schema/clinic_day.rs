//! The `[environment]` table of a clinic day.
//!
//! Settings of the day stand in the table itself; a configuration may change each of them.

use std::path::PathBuf;

use rounds_environments::clinic::day::{DayConfig, DayError, Queue, Service, Staffing};
use rounds_environments::control::stabilise::StabiliseConfig;
use rounds_environments::environment::EnvironmentError;
use rounds_policies::clinic_day::BedsideConfig;
use serde::Serialize;

use super::{
    clinic::{NoiseSpec, read_noise},
    coordination::RegretSpec,
    diagnostics::{Problem, ProblemKind},
    document::{Data, Node},
    graph::{GraphSpec, named_configurations, read_graph},
    paths::PathKind,
    reader::TableReader,
    typed::{note, typed},
    values::{
        FRACTION, Fault, NOT_NEGATIVE, POSITIVE, POSITIVE_FRACTION, Range, choice, items, number,
    },
};

choice! {
    /// When a bed is free again.
    enum ServiceKind {
        /// After the diagnosis.
        UntilDiagnosed = "until-diagnosed",
        /// After an exponential time.
        Exponential = "exponential",
    }
}

/// Who gets the next free bed.
impl super::values::Choice for Queue {
    const NAMES: &'static [(&'static str, Self)] =
        &[("triage", Self::Triage), ("first-come", Self::FirstCome)];
}

/// Whether the staff is shared between beds.
impl super::values::Choice for Staffing {
    const NAMES: &'static [(&'static str, Self)] =
        &[("shared", Self::Shared), ("unlimited", Self::Unlimited)];
}

/// A day in one configuration.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct DaySpec {
    /// Name of the configuration; empty when there is one alone.
    pub name: String,
    /// The clinic.
    pub day: DayConfig,
    /// How the staff works at a bed.
    pub bedside: BedsideConfig,
    /// How unreliable the patients' answers are.
    pub noise: NoiseSpec,
    /// Who of the staff can talk to whom.
    #[serde(flatten)]
    pub graph: GraphSpec,
    /// Probability that a patient's state deteriorates until its cause is found, 0 to 1.
    #[serde(skip_serializing_if = "is_nothing")]
    pub deteriorating: f64,
}

fn is_nothing(share: &f64) -> bool {
    *share == 0.0
}

/// The environment of clinic days.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClinicDaySpec {
    /// File of the knowledge base that patients are drawn from and that the staff knows; without it
    /// the one that comes with the program.
    pub knowledge: Option<PathBuf>,
    /// Its configurations, at least one; episodes go through them in turn.
    pub configurations: Vec<DaySpec>,
    /// What the utility is measured against.
    pub regret: RegretSpec,
    /// Whether some of the staff may be out of each other's reach.
    pub allow_disconnected: bool,
    /// What happens to patients whose state deteriorates, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stability: Option<StabiliseConfig>,
}

impl ClinicDaySpec {
    /// Whether patients may deteriorate, be it a share of none.
    pub(super) fn deteriorates(&self) -> bool {
        self.stability.is_some()
    }

    /// Whether the share of those who deteriorate is 0 in every configuration.
    pub(super) fn nobody_deteriorates(&self) -> bool {
        self.configurations
            .iter()
            .all(|one| is_nothing(&one.deteriorating))
    }

    /// Ticks of the longest day.
    pub(super) fn most_ticks(&self) -> u32 {
        let ticks = self.configurations.iter().map(|one| one.day.ticks());
        ticks.max().unwrap_or(0)
    }
}

/// Most of what is counted.
const MOST: u32 = 4096;

/// Number of bits worth a question.
const GAIN: Range = Range {
    allows: |x| (0.0..=1.0).contains(&x),
    words: "a number from 0 to 1 (bits)",
};

/// Reads `[environment]` of a clinic day, whose kind was read already.
pub(super) fn read_clinic_day(mut table: TableReader<'_>) -> Option<ClinicDaySpec> {
    let knowledge = read_patients(&mut table);
    let regret = table.choice("regret").unwrap_or(RegretSpec::Greedy);
    let allow_disconnected = table.boolean("allow_disconnected", false);
    let stability = table.table("stability");
    let base = read_day(&mut table, &DaySpec::default());
    // A share of none is one too: it is what others are compared with.
    let mut unstable = table.content().contains_key("deteriorating");
    let mut configurations = Vec::new();
    if table.entry("configurations").is_none() {
        check(&base.day, &table, &table);
        configurations.push(base.clone());
    } else {
        for (name, mut inner) in named_configurations(&mut table) {
            let mut one = read_day(&mut inner, &base);
            one.name = name;
            check(&one.day, &inner, &table);
            unstable |= inner.content().contains_key("deteriorating");
            inner.finish();
            configurations.push(one);
        }
    }
    table.finish();
    let stability = match stability {
        Some(stability) => Some(read_stability(&stability, &base.day)?),
        None if unstable => Some(default_stability(&base.day)),
        None => None,
    };
    Some(ClinicDaySpec {
        knowledge: knowledge?,
        configurations,
        regret,
        allow_disconnected,
        stability,
    })
}

/// Patients that deteriorate by the defaults, in steps of a tick, for as long as a day.
fn default_stability(day: &DayConfig) -> StabiliseConfig {
    let default = StabiliseConfig::default();
    let hours = day.day_minutes / 60.0;
    StabiliseConfig {
        step_h: day.tick_minutes / 60.0,
        step_limit: day.ticks(),
        collapse_cost: default.collapse_cost.max(hours),
        ..default
    }
}

fn read_stability(table: &TableReader<'_>, day: &DayConfig) -> Option<StabiliseConfig> {
    for key in ["step_h", "step_limit"] {
        if table.content().contains_key(key) {
            let why = "a step is a tick, and a stay is as long as it is";
            note(table, key, ProblemKind::NotAllowed, why);
        }
    }
    let others = ["step_h", "step_limit"];
    typed(table, &default_stability(day), &others, |config| {
        config.validate().map_err(|error| match error {
            EnvironmentError::Setting { key, why } => (key, why),
            other => (String::new(), other.to_string()),
        })
    })
}

/// Reads `patients`, which are drawn from a knowledge base.
fn read_patients(environment: &mut TableReader<'_>) -> Option<Option<PathBuf>> {
    let Some(mut table) = environment.table("patients") else {
        if environment.entry("patients").is_none() {
            environment.missing("patients", "patients = { knowledge = \"builtin\" }");
        }
        return None;
    };
    let read = match table.entry("knowledge").map(|entry| &entry.value.data) {
        None => {
            table.missing("knowledge", "knowledge = \"builtin\"");
            None
        }
        Some(Data::String(word)) if word == "builtin" => Some(None),
        Some(_) => table.path("knowledge", PathKind::File).map(Some),
    };
    table.finish();
    read
}

/// Reads the settings of a day; what is not written is as in `base`.
fn read_day(table: &mut TableReader<'_>, base: &DaySpec) -> DaySpec {
    let day = &base.day;
    DaySpec {
        name: String::new(),
        day: DayConfig {
            beds: table.small("beds", 1, MOST, day.beds),
            staff: table.small("staff", 1, MOST, day.staff),
            overlap: table.number("overlap", FRACTION, day.overlap),
            staffing: table.choice("staffing").unwrap_or(day.staffing),
            arrivals_per_hour: table.number("arrivals_per_hour", POSITIVE, day.arrivals_per_hour),
            day_minutes: table.number("day_minutes", POSITIVE, day.day_minutes),
            tick_minutes: table.number("tick_minutes", POSITIVE, day.tick_minutes),
            warm_up_minutes: table.number("warm_up_minutes", NOT_NEGATIVE, day.warm_up_minutes),
            service: read_service(table, day.service),
            queue: table.choice("queue").unwrap_or(day.queue),
            triage_error: table.number("triage_error", FRACTION, day.triage_error),
            patience_minutes: or_word(
                table,
                "patience_minutes",
                ("endless", POSITIVE),
                day.patience_minutes,
            ),
            most_minutes_in_bed: table.number(
                "most_minutes_in_bed",
                POSITIVE,
                day.most_minutes_in_bed,
            ),
            dismissal_minutes: table.number(
                "dismissal_minutes",
                NOT_NEGATIVE,
                day.dismissal_minutes,
            ),
            question_minutes: table.number("question_minutes", POSITIVE, day.question_minutes),
            laboratory_minutes: or_word(
                table,
                "laboratory_minutes",
                ("knowledge", NOT_NEGATIVE),
                day.laboratory_minutes,
            ),
            scanners: table.small("scanners", 0, MOST, day.scanners),
            scan_minutes: table.number("scan_minutes", POSITIVE, day.scan_minutes),
            imaging: match table.entry("imaging") {
                Some(_) => Some(table.strings("imaging")),
                None => day.imaging.clone(),
            },
            restricted_to_minutes: table.number(
                "restricted_to_minutes",
                POSITIVE,
                day.restricted_to_minutes,
            ),
        },
        bedside: BedsideConfig {
            stop_at: table.number("stop_at", POSITIVE_FRACTION, base.bedside.stop_at),
            min_gain: table.number("min_gain", GAIN, base.bedside.min_gain),
            acuity_weights: read_weights(table).unwrap_or(base.bedside.acuity_weights),
        },
        noise: read_noise(table, base.noise),
        graph: read_graph(table, &base.graph),
        deteriorating: table.number("deteriorating", FRACTION, base.deteriorating),
    }
}

/// A number, or a word for none.
fn or_word(
    table: &mut TableReader<'_>,
    key: &'static str,
    (word, range): (&'static str, Range),
    base: Option<f64>,
) -> Option<f64> {
    let read = table.get(key, |node| match &node.data {
        Data::String(text) if text == word => Ok(None),
        Data::String(_) => Err(Fault::wrong_type(format!("{} or {word:?}", range.words))),
        _ => number(node, range).map(Some),
    });
    read.unwrap_or(base)
}

fn read_weights<const N: usize>(table: &mut TableReader<'_>) -> Option<[f64; N]> {
    table.get("acuity_weights", |node: &Node| {
        let words = || Fault::wrong_type(format!("{N} numbers of at least 0, most urgent first"));
        let list = items(node).map_err(|_| words())?;
        let weights: Result<Vec<f64>, Fault> =
            list.iter().map(|item| number(item, NOT_NEGATIVE)).collect();
        weights
            .map_err(|_| words())?
            .try_into()
            .map_err(|_| words())
    })
}

fn read_service(table: &mut TableReader<'_>, base: Service) -> Service {
    let Some(mut inner) = table.table("service") else {
        return base;
    };
    if inner.entry("kind").is_none() {
        inner.missing("kind", "kind = \"until-diagnosed\"");
    }
    let service = match inner.choice::<ServiceKind>("kind") {
        None => {
            inner.entry("mean_minutes");
            base
        }
        Some(ServiceKind::UntilDiagnosed) => Service::UntilDiagnosed,
        Some(ServiceKind::Exponential) => {
            if inner.entry("mean_minutes").is_none() {
                inner.missing("mean_minutes", "mean_minutes = 60");
            }
            let mean_minutes = inner.number("mean_minutes", POSITIVE, 60.0);
            Service::Exponential { mean_minutes }
        }
    };
    inner.finish();
    service
}

/// Notes settings that cannot be together, at the place where the setting is written: in the
/// configuration, or in the table around it.
fn check(day: &DayConfig, own: &TableReader<'_>, around: &TableReader<'_>) {
    let Err(DayError { key, expected, got }) = day.validate() else {
        return;
    };
    let (top, _) = key.split_once('.').unwrap_or((key, ""));
    let place = own.place_of(top).or_else(|| around.place_of(top));
    // What no number of its own can be was noted where it was read, and is at its default here.
    let place = place.or_else(|| around.place_of("kind"));
    if let Some(place) = place {
        own.note(Problem::at(
            place,
            ProblemKind::OutOfRange,
            format!("`{}` does not go with the other settings", own.name(key)),
            format!("expected {expected}, got {got}"),
        ));
    }
}
