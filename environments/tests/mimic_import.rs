//! The importer on a small invented source: variants of the files, notes, charts and errors.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panic and tells what it read"
)]

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use rounds_environments::clinic::mimic::{ImportError, ImportOptions, import};
use rounds_environments::clinic::record::RecordSet;

/// An invented source: subject 1 has two short stays, subject 2 one, subject 3 dies.
const TABLES: [(&str, &str); 13] = [
    (
        "PATIENTS",
        "row_id,subject_id,gender,dob\n1,1,F,2100-05-02 00:00:00\n2,2,M,1850-01-01 00:00:00\n\
         3,3,M,2101-01-01 00:00:00\n",
    ),
    (
        "ADMISSIONS",
        "row_id,subject_id,hadm_id,admittime,admission_type,admission_location,insurance,language,\
         religion,marital_status,ethnicity,diagnosis,hospital_expire_flag,has_chartevents_data\n\
         1,1,11,2150-05-01 08:00:00,EMERGENCY,CLINIC,Private,,,SINGLE,WHITE,\"FEVER, COUGH\",0,1\n\
         2,1,12,2151-05-02 08:00:00,EMERGENCY,CLINIC,Private,ENGL,,SINGLE,WHITE,FEVER,0,1\n\
         3,2,21,2150-01-01 00:00:00,URGENT,CLINIC,NA,ENGL,,,WHITE,PAIN,0,1\n\
         4,3,31,2150-01-01 00:00:00,URGENT,CLINIC,NA,ENGL,,,WHITE,PAIN,1,1\n",
    ),
    (
        "DIAGNOSES_ICD",
        "row_id,subject_id,hadm_id,seq_num,icd9_code\n1,1,11,2,4019\n2,1,11,1,486\n3,1,12,1,0389\n\
         4,2,21,1,V1000\n5,3,31,1,486\n",
    ),
    (
        "D_ICD_DIAGNOSES",
        "row_id,icd9_code,short_title,long_title\n1,486,Pneumonia,\"Pneumonia, organism NOS\"\n\
         2,4019,Hypertension NOS,Hypertension\n",
    ),
    (
        "PROCEDURES_ICD",
        "row_id,subject_id,hadm_id,seq_num,icd9_code\n1,1,11,1,9604\n",
    ),
    (
        "D_ICD_PROCEDURES",
        "row_id,icd9_code,short_title,long_title\n1,9604,Tube,Insertion of tube\n",
    ),
    (
        "PRESCRIPTIONS",
        "row_id,subject_id,hadm_id,startdate,enddate,drug_type,drug,dose_val_rx,dose_unit_rx,route\n\
         1,1,11,2150-05-03 00:00:00,,MAIN,B,5-10,mg,PO\n2,1,11,2150-05-02,2150-05-04,MAIN,A,1,g,IV\n",
    ),
    (
        "D_LABITEMS",
        "row_id,itemid,label,fluid,category\n1,50,Sodium,Blood,CHEMISTRY\n\
         2,51,Glucose,Urine,Chemistry\n",
    ),
    (
        "LABEVENTS",
        "row_id,subject_id,hadm_id,itemid,charttime,value,valuenum,valueuom,flag\n\
         1,1,11,50,2150-05-02 10:00:00,140,140,mEq/L,\n\
         2,1,11,50,2150-05-01 10:00:00,<5,5,mEq/L,abnormal\n\
         3,1,,50,not a date,140,140,mEq/L,delta\n\
         4,1,11,51,2150-05-01 10:00:00,NEG,NA,,\n\
         5,1,11,99,2150-05-01 10:00:00,\"a \"\"b\"\"\",,,\n",
    ),
    (
        "MICROBIOLOGYEVENTS",
        "row_id,subject_id,hadm_id,chartdate,charttime,spec_type_desc,org_name,isolate_num,ab_name,\
         interpretation\n\
         1,1,11,2150-05-01 00:00:00,,URINE,,,,\n\
         2,1,11,2150-05-01 00:00:00,2150-05-01 09:00:00,BLOOD CULTURE,E. COLI,1,GENTAMICIN,S\n\
         3,1,11,2150-05-01 00:00:00,2150-05-01 09:00:00,BLOOD CULTURE,E. COLI,1,CEFTRIAXONE,R\n",
    ),
    (
        "D_ITEMS",
        "row_id,itemid,label,linksto,category\n1,500,Gait,chartevents,General\n\
         2,501,Odd,chartevents,Radiology\n3,502,None,chartevents,\n",
    ),
    (
        "CHARTEVENTS",
        "row_id,subject_id,hadm_id,itemid,charttime,value,valuenum,valueuom,error\n\
         1,1,11,211,2150-05-01 12:00:00,88,88,BPM,0\n2,1,11,220045,2150-05-01 11:00:00,90,90,bpm,\n\
         3,1,11,211,2150-05-01 13:00:00,999,999,BPM,1\n4,1,11,500,2150-05-01 13:00:00,Steady,,,0\n\
         5,1,11,501,2150-05-01 13:00:00,x,,,0\n6,1,11,502,2150-05-01 13:00:00,x,,,0\n",
    ),
    (
        "NOTEEVENTS",
        "row_id,subject_id,hadm_id,chartdate,charttime,category,description,iserror,text\n\
         1,1,11,2150-05-04,,Discharge summary,Report,,\"Chief Complaint:\nfever and cough for \
         two days, getting worse at night\n\nDischarge Diagnosis:\nPneumonia, \"\"lobar\"\"\n\"\n\
         2,1,11,2150-05-02,2150-05-02 10:00:00,Radiology,CHEST,,\"INDICATION: x\nIMPRESSION: clear\"\n\
         3,2,21,2150-01-02,,Discharge summary,Report,,\"Allergies:\nnone\"\n\
         4,2,21,2150-01-02,,Discharge summary,Report,1,void\n\
         5,1,11,2150-05-01,,ECG,Report,,Sinus rhythm\n\
         6,1,12,2151-05-03,,Discharge summary,Addendum,,more\n",
    ),
];

#[derive(Clone, Copy)]
struct Variant {
    upper: bool,
    crlf: bool,
    bom: bool,
    packed: bool,
}

const PLAIN: Variant = Variant {
    upper: false,
    crlf: false,
    bom: false,
    packed: false,
};

fn write_table(folder: &Path, name: &str, text: &str, variant: Variant) {
    let (header, rows) = text.split_once('\n').unwrap();
    let mut header = header.to_owned();
    if variant.upper {
        let quoted: Vec<String> = header
            .split(',')
            .map(|c| format!("\"{}\"", c.to_uppercase()))
            .collect();
        header = quoted.join(",");
    }
    let end = if variant.crlf { "\r\n" } else { "\n" };
    // Line ends inside quotes are part of the text and stay as they are.
    let mut quoted = false;
    let mut text = header + end;
    for c in rows.chars() {
        quoted ^= c == '"';
        match c {
            '\n' if !quoted => text.push_str(end),
            c => text.push(c),
        }
    }
    if variant.bom {
        text.insert(0, '\u{feff}');
    }
    if variant.packed {
        let file = fs::File::create(folder.join(format!("{name}.csv.gz"))).unwrap();
        let mut packed = GzEncoder::new(file, Compression::fast());
        packed.write_all(text.as_bytes()).unwrap();
        packed.finish().unwrap();
    } else {
        let name = name.to_lowercase();
        fs::write(folder.join(format!("{name}.csv")), text).unwrap();
    }
}

fn write_source(folder: &Path, variant: Variant) {
    for (name, text) in TABLES {
        write_table(folder, name, text, variant);
    }
}

fn records_of(source: &Path, options: &ImportOptions) -> Result<RecordSet, ImportError> {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("new/records");
    let result = import(source, &out, options, &mut |_| {});
    if result.is_err() {
        let left: Vec<_> = out.parent().unwrap().read_dir().unwrap().collect();
        assert!(left.is_empty(), "nothing may be left: {left:?}");
    }
    result.map(|_| RecordSet::load(&out).unwrap())
}

fn without_notes() -> ImportOptions {
    ImportOptions {
        single_note: false,
        ..ImportOptions::default()
    }
}

/// The message of an import after a text of a table was replaced.
fn failure(table: &str, from: &str, to: &str) -> String {
    let source = tempfile::tempdir().unwrap();
    write_source(source.path(), PLAIN);
    let (_, text) = TABLES.iter().find(|(name, _)| *name == table).unwrap();
    assert!(text.contains(from));
    write_table(source.path(), table, &text.replacen(from, to, 1), PLAIN);
    records_of(source.path(), &without_notes())
        .unwrap_err()
        .to_string()
}

#[test]
fn header_case_line_ends_marks_and_packing_change_no_record() {
    let plain = tempfile::tempdir().unwrap();
    write_source(plain.path(), PLAIN);
    let expected = records_of(plain.path(), &without_notes()).unwrap();
    assert_eq!(expected.records.len(), 3);
    for bits in 1..16_u8 {
        let variant = Variant {
            upper: bits & 1 > 0,
            crlf: bits & 2 > 0,
            bom: bits & 4 > 0,
            packed: bits & 8 > 0,
        };
        let source = tempfile::tempdir().unwrap();
        write_source(source.path(), variant);
        let found = records_of(source.path(), &without_notes()).unwrap();
        assert_eq!(found.records, expected.records, "variant {bits}");
    }
}

#[test]
fn a_record_holds_what_the_tables_say() {
    let source = tempfile::tempdir().unwrap();
    write_source(source.path(), PLAIN);
    let set = records_of(source.path(), &without_notes()).unwrap();
    assert!(set.restricted, "only known open data is open");
    let [first, second, masked] = set.records.as_slice() else {
        panic!("three records")
    };
    let patient = &first.patient;
    assert_eq!((first.subject_id, first.hadm_id), (1, 11));
    assert_eq!(patient.demographics.age, Some(49));
    assert_eq!(second.patient.demographics.age, Some(51));
    assert!(masked.patient.demographics.age_over_89);
    assert_eq!(masked.patient.demographics.age, None);
    assert_eq!(masked.patient.demographics.insurance, None, "NA is none");
    let codes: Vec<&str> = patient
        .diagnoses
        .iter()
        .map(|d| d.icd9_code.as_str())
        .collect();
    assert_eq!(codes, ["486", "4019"]);
    assert_eq!(second.patient.diagnoses[0].icd9_code, "0389");
    let drugs: Vec<&str> = patient
        .prescriptions
        .iter()
        .map(|p| p.drug.as_str())
        .collect();
    assert_eq!(drugs, ["A", "B"], "by start");

    let chemistry = &patient.series["Chemistry"];
    let sodium = &chemistry["Sodium"];
    assert_eq!(sodium[0].time, "2150-05-01 10:00:00");
    assert_eq!(
        (sodium[0].value.as_str(), sodium[0].number),
        ("<5", Some(5.0))
    );
    assert_eq!(chemistry["Glucose (Urine)"][0].number, None);
    assert_eq!(patient.series["Laboratory"]["Item 99"][0].value, "a \"b\"");
    let pulse: Vec<f64> = patient.series["Routine Vital Signs"]["Heart Rate"]
        .iter()
        .filter_map(|m| m.number)
        .collect();
    assert_eq!(pulse, [90.0, 88.0]);
    assert_eq!(patient.series["Radiology (chart)"]["Odd"].len(), 1);
    let cultures = &patient.series["Microbiology"];
    assert_eq!(
        cultures["BLOOD CULTURE"][0].value,
        "E. COLI: GENTAMICIN S, CEFTRIAXONE R"
    );
    assert_eq!(cultures["URINE"][0].value, "no organism");
    assert_eq!(
        patient.radiology,
        [["2150-05-02 10:00:00", "CHEST", "IMPRESSION: clear"]]
    );
    assert_eq!(patient.ecg[0][2], "Sinus rhythm");
    assert!(
        patient.text["Chief Complaint"]
            .as_str()
            .unwrap()
            .starts_with("fever")
    );
    assert_eq!(patient.text.len(), 1, "the diagnosis is left out");

    let manifest = set.manifest.unwrap();
    assert_eq!(manifest.totals.lab_rows_without_hadm, 1);
    assert_eq!(manifest.totals.lab_flag["delta"], 1);
    assert_eq!(manifest.files.len(), TABLES.len());
    assert_eq!(manifest.files["PATIENTS"].sha256.len(), 64);
    assert!(
        manifest
            .warnings
            .iter()
            .any(|w| w.contains("without a section"))
    );
}

#[test]
fn the_note_rule_and_the_sample_narrow_the_cohort() {
    let source = tempfile::tempdir().unwrap();
    write_source(source.path(), PLAIN);
    let set = records_of(source.path(), &ImportOptions::default()).unwrap();
    let ids: Vec<u64> = set.records.iter().map(|record| record.hadm_id).collect();
    assert_eq!(ids, [11, 21]);
    assert_eq!(set.manifest.unwrap().cohort.single_note, Some(2));
    let options = ImportOptions {
        sample: Some(1),
        open: true,
        ..without_notes()
    };
    let set = records_of(source.path(), &options).unwrap();
    assert_eq!((set.records.len(), set.restricted), (1, false));
}

#[test]
fn optional_tables_may_be_absent_and_needed_ones_are_named() {
    let source = tempfile::tempdir().unwrap();
    for (name, text) in &TABLES[..3] {
        write_table(source.path(), name, text, PLAIN);
    }
    let set = records_of(source.path(), &ImportOptions::default()).unwrap();
    assert_eq!(set.records.len(), 3);
    let missing = set.manifest.unwrap().missing_tables;
    assert_eq!(missing.len(), TABLES.len() - 3, "{missing:?}");
    fs::remove_file(source.path().join("diagnoses_icd.csv")).unwrap();
    let error = records_of(source.path(), &ImportOptions::default()).unwrap_err();
    assert!(
        error.to_string().contains("DIAGNOSES_ICD.csv.gz"),
        "{error}"
    );
}

#[test]
fn errors_name_file_line_column_and_what_was_expected() {
    let text = failure("LABEVENTS", "2150-05-01 10:00:00", "5/1/2150 10:00");
    assert!(text.contains("labevents.csv:3: column CHARTTIME"), "{text}");
    assert!(
        text.contains("YYYY-MM-DD") && text.contains("5/1/2150"),
        "{text}"
    );
    let text = failure("ADMISSIONS", "2151-05-02", "2151-02-30");
    assert!(
        text.contains("admissions.csv:3: column ADMITTIME"),
        "{text}"
    );
    let text = failure("LABEVENTS", ",valuenum", ",val");
    assert!(text.contains("LABEVENTS has no column VALUENUM"), "{text}");
    assert!(text.contains("VAL, VALUEUOM"), "{text}");
    let text = failure("DIAGNOSES_ICD", "3,1,12,1,0389", "3,1,12,1");
    assert!(
        text.contains("diagnoses_icd.csv:4: expected 5 fields"),
        "{text}"
    );
    let text = failure("DIAGNOSES_ICD", "2,1,11", "2,1,x11");
    assert!(
        text.contains(":3: column HADM_ID: expected a whole number"),
        "{text}"
    );
    let text = failure("ADMISSIONS", "3,2,21", "3,9,21");
    assert!(text.contains("stands in PATIENTS, found `9`"), "{text}");
}

#[test]
fn an_empty_cohort_and_a_used_output_are_refused() {
    let source = tempfile::tempdir().unwrap();
    write_source(source.path(), PLAIN);
    let options = ImportOptions {
        max_diagnoses: 0,
        ..ImportOptions::default()
    };
    let result = import(
        source.path(),
        &source.path().join("out"),
        &options,
        &mut |_| {},
    );
    assert!(matches!(result, Err(ImportError::Option { .. })));
    let used = tempfile::tempdir().unwrap();
    fs::write(used.path().join("mine.txt"), "x").unwrap();
    let result = import(source.path(), used.path(), &without_notes(), &mut |_| {});
    assert!(matches!(result, Err(ImportError::OutputInUse { .. })));
    let empty = tempfile::tempdir().unwrap();
    import(source.path(), empty.path(), &without_notes(), &mut |_| {}).unwrap();
    assert_eq!(RecordSet::load(empty.path()).unwrap().records.len(), 3);
}
