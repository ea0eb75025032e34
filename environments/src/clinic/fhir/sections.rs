//! Who the patient is, and the sections of history.

use serde_json::Value;

use super::bundle::{Bundle, Resource, words};
use super::instant::Instant;
use super::visit::{Condition, Encounter, plain_name};
use crate::clinic::record::Demographics;

const RACE: &str = "us-core-race";
const ETHNICITY: &str = "us-core-ethnicity";

/// Age at `visit`, gender, language, marital status, race and ethnicity.
pub(super) fn demographics(
    patient: &Resource<'_>,
    birth: Option<Instant>,
    visit: Instant,
) -> Demographics {
    let gender = patient.text("gender").map(|gender| match gender {
        "male" => "M".to_owned(),
        "female" => "F".to_owned(),
        other => other.to_owned(),
    });
    let spoken = patient.get("communication").and_then(|all| all.get(0));
    let origin: Vec<&str> = [RACE, ETHNICITY]
        .into_iter()
        .filter_map(|ending| extension(patient, ending))
        .collect();
    Demographics {
        age: birth
            .map(|birth| visit.years_since(birth))
            .filter(|age| *age < 150),
        gender,
        language: spoken.and_then(|spoken| words(spoken.get("language")?)),
        marital_status: patient.concept("maritalStatus"),
        ethnicity: (!origin.is_empty()).then(|| origin.join("; ")),
        ..Demographics::default()
    }
}

/// The words of an extension of the patient whose address ends with `ending`: its text, else what
/// its category displays.
fn extension<'a>(patient: &Resource<'a>, ending: &str) -> Option<&'a str> {
    let all = patient.get("extension")?.as_array()?;
    let named = |value: &&Value, ending: &str| {
        let url = value.get("url").and_then(Value::as_str);
        url.is_some_and(|url| url.ends_with(ending))
    };
    let parts = all
        .iter()
        .find(|e| named(e, ending))?
        .get("extension")?
        .as_array()?;
    let text = parts.iter().find(|part| named(part, "text"));
    let text = text.and_then(|part| part.get("valueString")?.as_str());
    text.or_else(|| {
        let category = parts.iter().find(|part| named(part, "ombCategory"))?;
        category.get("valueCoding")?.get("display")?.as_str()
    })
}

/// The name of the patient without the digits that Synthea puts at the end of each part; the
/// official one before others.
pub(super) fn name(patient: &Resource<'_>) -> Option<String> {
    let names = patient.get("name")?.as_array()?;
    let official = |name: &&Value| name.get("use").and_then(Value::as_str) == Some("official");
    let name = names.iter().find(official).or(names.first())?;
    let given = name.get("given").and_then(Value::as_array);
    let given = given.into_iter().flatten().filter_map(Value::as_str);
    let family = name.get("family").and_then(Value::as_str);
    let parts: Vec<&str> = given
        .chain(family)
        .map(|part| part.trim_end_matches(|c: char| c.is_ascii_digit()).trim())
        .filter(|part| !part.is_empty())
        .collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// A condition of the past in words; an end after the visit is not known yet.
pub(super) fn past_condition(condition: &Condition<'_, '_>, visit: Instant) -> String {
    let from = condition
        .from
        .map_or_else(String::new, |from| format!(", since {}", from.day()));
    let until = match condition.until {
        Some(until) if until <= visit => format!(", resolved {}", until.day()),
        _ => String::new(),
    };
    format!("{}{from}{until}", condition.name)
}

/// Name and day of something of the past.
pub(super) fn dated(name: &str, at: Option<Instant>) -> String {
    let name = plain_name(name);
    match at {
        Some(at) => format!("{name} ({})", at.day()),
        None => name,
    }
}

/// The drug of an order: coded in the order, or a resource that the order names.
pub(super) fn drug(bundle: &Bundle<'_>, order: &Resource<'_>) -> Option<String> {
    order.concept("medicationCodeableConcept").or_else(|| {
        let at = bundle.target(order, "medicationReference")?;
        bundle.resources.get(at)?.concept("code")
    })
}

/// An allergy in words: what to, how severe, with what reaction.
pub(super) fn allergy(resource: &Resource<'_>) -> Option<String> {
    let name = plain_name(&resource.concept("code")?);
    let severity = resource
        .text("criticality")
        .map_or_else(String::new, |level| format!(", {level} criticality"));
    let reactions: Vec<String> = resource
        .get("reaction")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|reaction| words(reaction.get("manifestation")?.get(0)?))
        .map(|words| plain_name(&words))
        .collect();
    let reactions = if reactions.is_empty() {
        String::new()
    } else {
        format!(": {}", reactions.join(", "))
    };
    Some(format!("{name}{severity}{reactions}"))
}

/// An imaging study as a dated report: procedure, kind of images, region.
pub(super) fn imaging(resource: &Resource<'_>, at: Instant) -> Vec<String> {
    let series = resource.get("series").and_then(|all| all.get(0));
    let display = |key: &str| {
        let coding = series.and_then(|series| series.get(key));
        coding.and_then(|coding| coding.get("display")?.as_str())
    };
    let procedure = resource
        .concept("procedureCode")
        .map(|name| plain_name(&name));
    let mut report = vec![at.text()];
    report.extend(procedure);
    report.extend(display("modality").map(str::to_owned));
    report.extend(display("bodySite").map(str::to_owned));
    report
}

/// The kind of an encounter, as the type of an admission.
pub(super) fn admission_type(encounter: &Resource<'_>) -> Option<String> {
    let class = encounter.get("class")?;
    let code = class.get("code").and_then(Value::as_str)?;
    Some(
        match code {
            "AMB" => "AMBULATORY",
            "EMER" => "EMERGENCY",
            "IMP" => "INPATIENT",
            "OBSENC" => "OBSERVATION",
            "VR" => "VIRTUAL",
            "HH" => "HOME",
            other => other,
        }
        .to_owned(),
    )
}

/// Why the patient came: findings recorded at the visit, else what kind of encounter it is. The
/// reason that the encounter gives is often the diagnosis itself, so it is not taken.
pub(super) fn complaint(
    visit: &Resource<'_>,
    encounter: Encounter,
    conditions: &[Condition<'_, '_>],
) -> Option<String> {
    let at_visit = |c: &&Condition<'_, '_>| !c.disease && c.encounter == Some(encounter.at);
    let findings: Vec<&str> = conditions
        .iter()
        .filter(at_visit)
        .map(|condition| condition.name.as_str())
        .collect();
    if findings.is_empty() {
        visit.concept("type").map(|name| plain_name(&name))
    } else {
        Some(findings.join("; "))
    }
}
