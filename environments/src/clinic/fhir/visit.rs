//! Which encounter is the visit, and which conditions are diseases.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bundle::{Bundle, Fault, Resource};
use super::instant::Instant;

/// Which encounter of a patient is the visit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VisitRule {
    /// The last one in which a disease was recorded; without one, the last of all.
    #[default]
    LastDisease,
    /// The first one in which a disease was recorded; without one, the last of all.
    FirstDisease,
    /// The last of all.
    Last,
}

/// An encounter with its times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Encounter {
    /// Position in the bundle.
    pub(super) at: usize,
    /// Its begin.
    pub(super) start: Instant,
    /// Its end; its begin where none is given.
    pub(super) end: Instant,
}

/// The encounters of a patient, in the order of their begins.
pub(super) fn encounters(bundle: &Bundle<'_>, patient: usize) -> Result<Vec<Encounter>, Fault> {
    let mut found = Vec::new();
    for (at, resource) in bundle.of("Encounter") {
        if !bundle.is_of(resource, patient) {
            continue;
        }
        let Some(start) = resource.when(&["period.start"])? else {
            let place = format!("{}.period.start", resource.place);
            return Err(Fault::new(place, "expected a FHIR dateTime, got nothing"));
        };
        let end = resource.when(&["period.end"])?.unwrap_or(start);
        found.push(Encounter { at, start, end });
    }
    found.sort_by_key(|encounter| (encounter.start, encounter.at));
    Ok(found)
}

/// The encounter that `rule` chooses; `None` without encounters.
pub(super) fn choose(
    rule: VisitRule,
    encounters: &[Encounter],
    diseases_at: impl Fn(usize) -> bool,
) -> Option<Encounter> {
    let mut with = encounters
        .iter()
        .filter(|encounter| diseases_at(encounter.at));
    let chosen = match rule {
        VisitRule::LastDisease => with.next_back(),
        VisitRule::FirstDisease => with.next(),
        VisitRule::Last => None,
    };
    chosen.or(encounters.last()).copied()
}

/// A condition of the patient.
#[derive(Debug, Clone)]
pub(super) struct Condition<'b, 'a> {
    /// The resource.
    pub(super) resource: &'b Resource<'a>,
    /// Its name without the kind in brackets that ends it.
    pub(super) name: String,
    /// Whether it is a disease.
    pub(super) disease: bool,
    /// Position of its encounter.
    pub(super) encounter: Option<usize>,
    /// When it was recorded or began.
    pub(super) from: Option<Instant>,
    /// When it ended.
    pub(super) until: Option<Instant>,
}

/// The conditions of a patient; those that were refuted or entered in error are left out and
/// their number is given. A name that ends with one of `not_disease` is none of a disease.
pub(super) fn conditions<'b, 'a>(
    bundle: &'b Bundle<'a>,
    patient: usize,
    not_disease: &[String],
) -> Result<(Vec<Condition<'b, 'a>>, u64), Fault> {
    let mut found = Vec::new();
    let mut left_out = 0;
    for (_, resource) in bundle.of("Condition") {
        if !bundle.is_of(resource, patient) {
            continue;
        }
        let Some(full) = resource.concept("code") else {
            let place = format!("{}.code", resource.place);
            let message = "expected a concept with text or a code, got none";
            return Err(Fault::new(place, message));
        };
        let status = resource.get("verificationStatus");
        let status = status.and_then(|status| status.get("coding")?.get(0)?.get("code")?.as_str());
        if matches!(status, Some("refuted" | "entered-in-error")) {
            left_out += 1;
            continue;
        }
        let lower = full.to_lowercase();
        let disease = !not_disease
            .iter()
            .any(|end| lower.ends_with(&end.trim().to_lowercase()));
        found.push(Condition {
            resource,
            name: plain_name(&full),
            disease,
            encounter: bundle.target(resource, "encounter"),
            from: resource.when(&["recordedDate", "onsetDateTime", "onsetPeriod.start"])?,
            until: resource.when(&["abatementDateTime", "abatementPeriod.end"])?,
        });
    }
    Ok((found, left_out))
}

/// A name without the kind in brackets that SNOMED CT puts at its end.
pub(super) fn plain_name(full: &str) -> String {
    const KINDS: [&str; 7] = [
        "(disorder)",
        "(finding)",
        "(situation)",
        "(procedure)",
        "(morphologic abnormality)",
        "(event)",
        "(regime/therapy)",
    ];
    let trimmed = full.trim();
    let kind = KINDS.iter().find(|kind| trimmed.ends_with(*kind));
    kind.and_then(|kind| trimmed.strip_suffix(*kind))
        .unwrap_or(trimmed)
        .trim_end()
        .to_owned()
}

/// System and code of a coded concept.
pub(super) fn first_code(concept: Option<&Value>) -> Option<(&str, &str)> {
    let coding = concept?.get("coding")?.get(0)?;
    let part = |key: &str| coding.get(key).and_then(Value::as_str);
    Some((part("system").unwrap_or_default(), part("code")?))
}
