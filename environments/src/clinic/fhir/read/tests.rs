//! Bundles made up for the purpose.

use std::fs;
use std::io::Write;

use serde_json::{Value, json};

use super::*;
use crate::clinic::chart::{Visibility, visible};
use crate::clinic::record::{Record, RecordSet, check_path};

fn concept(text: &str) -> Value {
    json!({"coding": [{"system": "http://snomed.info/sct", "code": "1", "display": text}], "text": text})
}

fn encounter(id: &str, start: &str, reason: &str) -> Value {
    json!({"resourceType": "Encounter", "id": id, "class": {"code": "AMB"},
        "type": [concept("Encounter for symptom")], "reasonCode": [concept(reason)],
        "subject": {"reference": "urn:uuid:p"}, "period": {"start": start, "end": start}})
}

fn condition(name: &str, encounter: &str, from: &str, until: Option<&str>) -> Value {
    let mut condition = json!({"resourceType": "Condition", "id": format!("{name}{encounter}"),
        "code": concept(name), "subject": {"reference": "urn:uuid:p"},
        "encounter": {"reference": format!("urn:uuid:{encounter}")}, "onsetDateTime": from});
    if let Some(until) = until {
        condition["abatementDateTime"] = json!(until);
    }
    condition
}

fn observation(code: &str, name: &str, at: &str, value: Value) -> Value {
    let mut observation = json!({"resourceType": "Observation", "id": format!("{name}{at}"),
        "category": [{"coding": [{"code": "laboratory"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": code}], "text": name},
        "subject": {"reference": "urn:uuid:p"}, "effectiveDateTime": at});
    for (key, part) in value.as_object().unwrap() {
        observation[key] = part.clone();
    }
    observation
}

/// Two encounters with a disease, then a check-up.
fn resources() -> Vec<Value> {
    vec![
        json!({"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1980-06-01",
            "name": [{"use": "maiden", "family": "Roe1"}, {"use": "official", "family": "Doe77", "given": ["Ann12"]}],
            "extension": [
                {"url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race",
                 "extension": [{"url": "text", "valueString": "Asian"}]},
                {"url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity",
                 "extension": [{"url": "ombCategory", "valueCoding": {"display": "Not Hispanic or Latino"}}]}]}),
        encounter("e1", "2010-05-01T10:00:00+00:00", "Gout"),
        encounter(
            "e2",
            "2015-05-01T10:00:00-02:00",
            "Acute bronchitis (disorder)",
        ),
        encounter("e3", "2018-05-01T10:00:00+00:00", "Check"),
        condition(
            "Gout",
            "e1",
            "2010-05-01T10:00:00+00:00",
            Some("2010-06-01T10:00:00+00:00"),
        ),
        condition(
            "Asthma (disorder)",
            "e1",
            "2010-05-01T10:00:00+00:00",
            Some("2016-01-01T00:00:00Z"),
        ),
        condition(
            "Acute bronchitis (disorder)",
            "e2",
            "2015-05-01T10:00:00-02:00",
            None,
        ),
        condition("Cough (finding)", "e2", "2015-05-01T10:00:00-02:00", None),
        condition("Fracture of arm", "e3", "2018-05-01T10:00:00+00:00", None)
            .as_object()
            .map(|c| {
                let mut c = c.clone();
                c["code"] = concept("Stress (finding)");
                Value::Object(c)
            })
            .unwrap(),
        observation(
            "718-7",
            "Hemoglobin",
            "2010-05-01T10:00:00Z",
            json!({"valueQuantity": {"value": 13.5, "unit": "g/dL"}}),
        ),
        observation(
            "718-7",
            "Hemoglobin",
            "2018-05-01T10:00:00Z",
            json!({"valueQuantity": {"value": 9.0, "unit": "g/dL"}}),
        ),
        observation(
            "85354-9",
            "Blood Pressure",
            "2015-05-01T11:00:00Z",
            json!({"component": [
            {"code": {"coding": [{"code": "8480-6"}], "text": "Systolic"}, "valueQuantity": {"value": 120, "unit": "mm[Hg]"}},
            {"code": {"coding": [{"code": "8462-4"}], "text": "Diastolic"}, "valueQuantity": {"value": 80, "unit": "mm[Hg]"}}]}),
        ),
        observation(
            "0-0",
            "Strange marker",
            "2015-05-01T09:00:00Z",
            json!({"valueString": "odd",
            "interpretation": [{"coding": [{"code": "H"}]}]}),
        ),
        json!({"resourceType": "MedicationRequest", "subject": {"reference": "urn:uuid:p"}, "id": "m1",
            "encounter": {"reference": "urn:uuid:e1"}, "authoredOn": "2010-05-01T10:00:00Z",
            "medicationReference": {"reference": "urn:uuid:drug"}}),
        json!({"resourceType": "Medication", "id": "drug", "code": concept("Allopurinol")}),
        json!({"resourceType": "MedicationRequest", "subject": {"reference": "urn:uuid:p"}, "id": "m2",
            "encounter": {"reference": "urn:uuid:e2"}, "authoredOn": "2015-05-01T10:00:00-02:00",
            "medicationCodeableConcept": concept("Cough syrup")}),
        json!({"resourceType": "AllergyIntolerance", "id": "a", "patient": {"reference": "urn:uuid:p"},
            "code": concept("Peanut"), "criticality": "high", "reaction": [{"manifestation": [concept("Hives (disorder)")]}]}),
        json!({"resourceType": "ImagingStudy", "id": "i", "subject": {"reference": "urn:uuid:p"},
            "started": "2012-01-01T00:00:00Z", "series": [{"modality": {"display": "Digital Radiography"}, "bodySite": {"display": "Chest"}}]}),
        json!({"resourceType": "Claim", "id": "c"}),
        json!({"resourceType": "CarePlan", "id": "k", "subject": {"reference": "urn:uuid:p"}}),
    ]
}

fn bundle(resources: &[Value]) -> Value {
    let entries: Vec<Value> = resources
        .iter()
        .map(|r| json!({"fullUrl": format!("urn:uuid:{}", r["id"].as_str().unwrap()), "resource": r}))
        .collect();
    json!({"resourceType": "Bundle", "type": "transaction", "entry": entries})
}

fn read_one(resources: &[Value], options: &FhirOptions) -> Gathered {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("one.json");
    fs::write(&file, bundle(resources).to_string()).unwrap();
    read(&file, &CodeNamer::new(None).unwrap(), options).unwrap()
}

fn names(record: &Record) -> Vec<&str> {
    let entries = record.patient.diagnoses.iter();
    entries.map(|d| d.long_title.as_deref().unwrap()).collect()
}

#[test]
fn the_visit_splits_history_from_truth() {
    let gathered = read_one(&resources(), &FhirOptions::default());
    let record = &gathered.records[0];
    assert_eq!(names(record), ["Acute bronchitis"]);
    let diagnosis = &record.patient.diagnoses[0];
    assert_eq!(diagnosis.icd9_code, "4660");
    assert_eq!(
        diagnosis.source_code.as_ref().unwrap().system,
        "http://snomed.info/sct"
    );
    let text = &record.patient.text;
    assert_eq!(text["Name"], "Ann Doe");
    assert_eq!(text["Chief Complaint"], "Cough");
    assert_eq!(
        text["Past Medical History"],
        json!([
            "Gout, since 2010-05-01, resolved 2010-06-01",
            "Asthma, since 2010-05-01"
        ])
    );
    assert_eq!(
        text["Medications on Admission"],
        json!(["Allopurinol (2010-05-01)"])
    );
    assert_eq!(
        text["Allergies"],
        json!(["Peanut, high criticality: Hives"])
    );
    let who = &record.patient.demographics;
    assert_eq!((who.age, who.gender.as_deref()), (Some(34), Some("F")));
    assert_eq!(
        who.ethnicity.as_deref(),
        Some("Asian; Not Hispanic or Latino")
    );
    let admission = record.patient.admission.admission_time.as_deref();
    assert_eq!(admission, Some("2015-05-01 12:00:00"));
    let series = &record.patient.series;
    assert_eq!(series["Hematology"]["Hemoglobin"].len(), 1);
    assert_eq!(
        series["Routine Vital Signs"]["Non Invasive Blood Pressure systolic"][0].value,
        "120"
    );
    assert_eq!(
        series["Laboratory"]["Strange marker"][0].flag.as_deref(),
        Some("abnormal")
    );
    assert_eq!(
        record.patient.radiology[0][1..],
        ["Digital Radiography", "Chest"]
    );
    let counts = &gathered.counts;
    assert_eq!((counts.read, counts.written), (1, 1));
    assert_eq!(counts.ignored["Claim (not clinical)"], 1);
    assert_eq!(counts.ignored["CarePlan"], 1);
    assert_eq!(
        counts.held_back["MedicationRequest of the visit or after it"],
        1
    );
    assert_eq!(counts.leaves, 4);
}

#[test]
fn nothing_of_the_diagnosis_is_seen() {
    let gathered = read_one(&resources(), &FhirOptions::default());
    let seen = visible(&gathered.records[0].patient, &Visibility::default());
    let seen = serde_json::to_string(&seen).unwrap().to_lowercase();
    assert!(
        !seen.contains("bronchitis") && !seen.contains("syrup"),
        "{seen}"
    );
}

#[test]
fn the_rule_and_the_endings_are_options() {
    let with = |visit, endings: &[&str]| {
        let options = FhirOptions {
            visit,
            not_disease: endings.iter().map(|e| (*e).to_owned()).collect(),
            ..FhirOptions::default()
        };
        let gathered = read_one(&resources(), &options);
        let found: Vec<String> = names(&gathered.records[0])
            .into_iter()
            .map(str::to_owned)
            .collect();
        (found, gathered.counts.without_truth.len())
    };
    let default = ["(finding)", "(situation)"];
    assert_eq!(
        with(VisitRule::FirstDisease, &default).0,
        ["Gout", "Asthma"]
    );
    assert_eq!(with(VisitRule::Last, &default), (Vec::new(), 1));
    assert_eq!(with(VisitRule::LastDisease, &[]).0, ["Stress"]);
}

#[test]
fn patients_without_conditions_or_encounters_are_explained() {
    let no_conditions: Vec<Value> = resources()
        .into_iter()
        .filter(|r| r["resourceType"] != "Condition")
        .collect();
    let gathered = read_one(&no_conditions, &FhirOptions::default());
    assert_eq!(
        gathered.counts.without_truth[0].reason,
        "the patient has no Condition"
    );
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("a.json"),
        bundle(&resources()).to_string(),
    )
    .unwrap();
    fs::write(
        folder.path().join("b.json"),
        bundle(&resources()[..1]).to_string(),
    )
    .unwrap();
    fs::write(folder.path().join("c.json"), bundle(&[]).to_string()).unwrap();
    fs::write(
        folder.path().join("d.json"),
        bundle(&resources()).to_string(),
    )
    .unwrap();
    let namer = CodeNamer::new(None).unwrap();
    let gathered = read(folder.path(), &namer, &FhirOptions::default()).unwrap();
    let counts = &gathered.counts;
    assert_eq!((counts.read, counts.written), (4, 1));
    let reasons: Vec<&str> = counts.skipped.iter().map(|s| s.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "no Encounter, so there is no visit",
            "the bundle holds no Patient",
            "the same visit of the same patient was read before"
        ]
    );
    assert_eq!(counts.names.names, 1);
}

#[test]
fn a_packed_folder_is_written_checked_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    fs::create_dir(&source).unwrap();
    let packed = fs::File::create(source.join("one.json.gz")).unwrap();
    let mut packed = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
    packed
        .write_all(bundle(&resources()).to_string().as_bytes())
        .unwrap();
    packed.finish().unwrap();
    let gathered = read(
        &source,
        &CodeNamer::new(None).unwrap(),
        &FhirOptions::default(),
    )
    .unwrap();
    assert!(gathered.restricted, "nothing says that these are synthetic");
    let out = folder.path().join("out");
    gathered.write(&out).unwrap();
    assert!(check_path(&out).unwrap().is_empty());
    assert_eq!(RecordSet::load(&out).unwrap(), gathered.into_set());
}

#[test]
fn a_bad_bundle_is_named_with_its_place_and_can_be_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good.json");
    fs::write(&good, bundle(&resources()).to_string()).unwrap();
    let bad = folder.path().join("bad.json");
    let mut late = resources();
    late[2]["period"] = json!({"start": "noon"});
    let mut nameless = resources();
    nameless[4]["code"] = json!({});
    let mut lost = resources();
    lost[1]["period"] = json!({});
    for (document, parts) in [
        ("{".to_owned(), ["line 1, column 1", "EOF"]),
        (
            "[]".to_owned(),
            ["document", "expected a Bundle, got a list"],
        ),
        (
            json!({"resourceType": "Patient"}).to_string(),
            ["resourceType", "expected `Bundle`, got `Patient`"],
        ),
        (
            json!({"OSCE_Examination": {}}).to_string(),
            ["resourceType", "data import agentclinic"],
        ),
        (
            json!({"resourceType": "Bundle", "entry": {}}).to_string(),
            ["entry: ", "expected a list, got an object"],
        ),
        (
            json!({"resourceType": "Bundle", "entry": [{}]}).to_string(),
            ["entry[0].resource: ", "got nothing"],
        ),
        (
            bundle(&late).to_string(),
            ["entry[2].resource.period.start: ", "got `noon`"],
        ),
        (
            bundle(&nameless).to_string(),
            ["entry[4].resource.code: ", "expected a concept"],
        ),
        (
            bundle(&lost).to_string(),
            ["entry[1].resource.period.start: ", "got nothing"],
        ),
    ] {
        fs::write(&bad, document).unwrap();
        let namer = CodeNamer::new(None).unwrap();
        let error = read(folder.path(), &namer, &FhirOptions::default());
        let error = error.unwrap_err().to_string();
        for part in parts.into_iter().chain(["bad.json: "]) {
            assert!(error.contains(part), "no {part:?} in {error}");
        }
        let options = FhirOptions {
            skip_bad: true,
            ..FhirOptions::default()
        };
        let gathered = read(folder.path(), &namer, &options).unwrap();
        assert_eq!((gathered.counts.read, gathered.counts.written), (2, 1));
        assert!(gathered.counts.skipped[0].reason.contains(parts[1]));
    }
}
