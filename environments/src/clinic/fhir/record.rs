//! The record of one patient of a bundle.

use serde_json::Value;

use super::bundle::{Bundle, Fault, Resource};
use super::instant::Instant;
use super::read::FhirOptions;
use super::visit::{Condition, Encounter, choose, conditions, encounters, first_code};
use super::{observations, sections};
use crate::clinic::chart::COMPLAINT;
use crate::clinic::naming::CodeNamer;
use crate::clinic::record::{
    AdmissionInfo, CaseCounts, PatientRecord, RECORD_SCHEMA, Record, SetApart, SourceCode,
};
use crate::clinic::sources::identity;

/// Types that say what was paid, and types of other people and places.
const NOT_CLINICAL: [&str; 8] = [
    "Claim",
    "ClaimResponse",
    "ExplanationOfBenefit",
    "Coverage",
    "Organization",
    "Practitioner",
    "PractitionerRole",
    "Location",
];

/// The record of the patient at `at`, or why there is none.
pub(super) fn record(
    bundle: &Bundle<'_>,
    at: usize,
    file: &str,
    namer: &CodeNamer,
    options: &FhirOptions,
    counts: &mut CaseCounts,
) -> Result<Result<Record, String>, Fault> {
    let who = &bundle.resources[at];
    let encounters = encounters(bundle, at)?;
    let (conditions, refuted) = conditions(bundle, at, &options.not_disease)?;
    let diseases_at = |encounter: usize| {
        let here = |c: &Condition<'_, '_>| c.disease && c.encounter == Some(encounter);
        conditions.iter().any(here)
    };
    let Some(visit) = choose(options.visit, &encounters, diseases_at) else {
        return Ok(Err("no Encounter, so there is no visit".to_owned()));
    };
    let seat = &bundle.resources[visit.at];
    let birth = who.when(&["birthDate"])?;
    let mut patient = PatientRecord {
        demographics: sections::demographics(who, birth, visit.start),
        admission: AdmissionInfo {
            admission_time: Some(visit.start.text()),
            admission_location: None,
            admission_type: sections::admission_type(seat),
            admission_diagnosis: seat.concept("reasonCode"),
        },
        ..PatientRecord::default()
    };
    let mut put = |name: &str, value: Value| {
        patient.text.insert(name.to_owned(), value);
    };
    if let Some(name) = sections::name(who) {
        put("Name", Value::from(name));
    }
    if let Some(complaint) = sections::complaint(seat, visit, &conditions) {
        put(COMPLAINT, Value::from(complaint));
    }
    let mut held = |kind: &str, number: u64| {
        if number > 0 {
            *counts.held_back.entry(kind.to_owned()).or_default() += number;
        }
    };
    held("Condition that was refuted", refuted);
    let mut past: [Vec<String>; 2] = [Vec::new(), Vec::new()];
    let mut truth: Vec<&Condition<'_, '_>> = Vec::new();
    for condition in &conditions {
        let here = condition.encounter == Some(visit.at);
        let before = !here
            && is_before(
                bundle,
                condition.resource,
                condition.from,
                &encounters,
                visit,
            );
        match (here, before, condition.disease) {
            (true, _, true) => truth.push(condition),
            // Findings of the visit are its complaint.
            (true, _, false) => {}
            (false, true, disease) => {
                past[usize::from(!disease)].push(sections::past_condition(condition, visit.start));
            }
            (false, false, _) => held("Condition after the visit", 1),
        }
    }
    let mut lists: Vec<(&str, Vec<String>)> = Vec::new();
    let [diseases, findings] = past;
    lists.push(("Past Medical History", diseases));
    lists.push(("Past Findings", findings));
    for (kind, section, times) in [
        (
            "MedicationRequest",
            "Medications on Admission",
            &["authoredOn"][..],
        ),
        (
            "MedicationStatement",
            "Medications on Admission",
            &["effectiveDateTime", "effectivePeriod.start", "dateAsserted"],
        ),
        (
            "Procedure",
            "Major Surgical or Invasive Procedure",
            &["performedDateTime", "performedPeriod.start"],
        ),
        ("Immunization", "Immunizations", &["occurrenceDateTime"]),
        (
            "AllergyIntolerance",
            "Allergies",
            &["recordedDate", "onsetDateTime"],
        ),
    ] {
        let mut named = Vec::new();
        for (_, resource) in bundle.of(kind).filter(|(_, r)| bundle.is_of(r, at)) {
            let when = resource.when(times)?;
            let here = bundle.target(resource, "encounter") == Some(visit.at);
            // Known facts of the patient count at the visit itself; its orders do not.
            let fact = matches!(kind, "AllergyIntolerance" | "Immunization");
            let before = is_before(bundle, resource, when, &encounters, visit);
            let unplaced = fact && when.is_none() && bundle.target(resource, "encounter").is_none();
            if !(before && !here || fact && here || unplaced) {
                held(&format!("{kind} of the visit or after it"), 1);
                continue;
            }
            let said = match kind {
                "AllergyIntolerance" => sections::allergy(resource),
                "Immunization" => resource
                    .concept("vaccineCode")
                    .map(|name| sections::dated(&name, when)),
                "Procedure" => resource
                    .concept("code")
                    .map(|name| sections::dated(&name, when)),
                _ => sections::drug(bundle, resource).map(|name| sections::dated(&name, when)),
            };
            match said {
                Some(said) => named.push(said),
                None => held(&format!("{kind} without a name"), 1),
            }
        }
        match lists.iter_mut().find(|(name, _)| *name == section) {
            Some((_, there)) => there.extend(named),
            None => lists.push((section, named)),
        }
    }
    let mut social = Vec::new();
    for (_, resource) in bundle
        .of("Observation")
        .filter(|(_, r)| bundle.is_of(r, at))
    {
        let own = bundle.target(resource, "encounter");
        let when = resource.when(&[
            "effectiveDateTime",
            "effectivePeriod.start",
            "effectiveInstant",
            "issued",
        ])?;
        let Some(when) = when.or_else(|| start_of(&encounters, own)) else {
            held("Observation without a time", 1);
            continue;
        };
        let last = if own == Some(visit.at) {
            visit.end
        } else {
            visit.start
        };
        if when > last {
            held("Observation after the visit", 1);
            continue;
        }
        let added = observations::add(resource, when, &mut patient.series, &mut social);
        counts.leaves += added;
        if added == 0 {
            held("Observation without a value", 1);
        }
    }
    for labels in patient.series.values_mut() {
        for entries in labels.values_mut() {
            entries.sort_by(|a, b| a.time.cmp(&b.time));
        }
    }
    lists.push(("Social History", social));
    for (_, resource) in bundle
        .of("ImagingStudy")
        .filter(|(_, r)| bundle.is_of(r, at))
    {
        let own = bundle.target(resource, "encounter");
        match resource
            .when(&["started"])?
            .or_else(|| start_of(&encounters, own))
        {
            Some(when) if when <= visit.end => {
                patient.radiology.push(sections::imaging(resource, when));
            }
            _ => held("ImagingStudy after the visit", 1),
        }
    }
    patient.radiology.sort();
    let earlier = encounters.iter().filter(|e| e.start < visit.start);
    let earlier = earlier.filter_map(|e| {
        let name = bundle.resources[e.at].concept("type")?;
        Some(sections::dated(&name, Some(e.start)))
    });
    lists.push(("Past Encounters", earlier.collect()));
    for (name, list) in lists {
        if !list.is_empty() {
            patient.text.insert(name.to_owned(), Value::from(list));
        }
    }
    for (priority, condition) in (1..).zip(&truth) {
        let mut diagnosis = namer.diagnosis(priority, &condition.name);
        let code = first_code(condition.resource.get("code"));
        diagnosis.source_code = code.map(|(system, code)| SourceCode {
            system: system.to_owned(),
            code: code.to_owned(),
        });
        if let Some(mapping) = &diagnosis.mapping {
            counts.names.add(&condition.name, mapping);
        }
        patient.diagnoses.push(diagnosis);
    }
    if patient.diagnoses.is_empty() {
        let reason = match (conditions.len(), conditions.iter().any(|c| c.disease)) {
            (0, _) => "the patient has no Condition",
            (_, false) => "no Condition of the patient is a disease",
            (_, true) => "no disease was recorded at the chosen encounter",
        };
        counts.without_truth.push(SetApart {
            place: file.to_owned(),
            reason: reason.to_owned(),
        });
    }
    Ok(Ok(Record {
        schema: RECORD_SCHEMA.to_owned(),
        subject_id: identity(&who.name),
        hadm_id: identity(&seat.name),
        patient,
    }))
}

fn start_of(encounters: &[Encounter], at: Option<usize>) -> Option<Instant> {
    let found = encounters.iter().find(|encounter| Some(encounter.at) == at);
    found.map(|encounter| encounter.start)
}

/// Whether a resource was recorded before the visit: its encounter began earlier, or, without an
/// encounter, its time is earlier.
fn is_before(
    bundle: &Bundle<'_>,
    resource: &Resource<'_>,
    when: Option<Instant>,
    encounters: &[Encounter],
    visit: Encounter,
) -> bool {
    let own = bundle.target(resource, "encounter");
    start_of(encounters, own)
        .or(when)
        .is_some_and(|at| at < visit.start)
}

/// Counts the resources that no record takes anything from.
pub(super) fn count_ignored(bundle: &Bundle<'_>, counts: &mut CaseCounts) {
    const READ: [&str; 10] = [
        "Patient",
        "Encounter",
        "Condition",
        "Observation",
        "MedicationRequest",
        "MedicationStatement",
        "Medication",
        "Procedure",
        "Immunization",
        "AllergyIntolerance",
    ];
    for resource in &bundle.resources {
        if READ.contains(&resource.kind) || resource.kind == "ImagingStudy" {
            continue;
        }
        let kind = if NOT_CLINICAL.contains(&resource.kind) {
            format!("{} (not clinical)", resource.kind)
        } else {
            resource.kind.to_owned()
        };
        *counts.ignored.entry(kind).or_default() += 1;
    }
}
