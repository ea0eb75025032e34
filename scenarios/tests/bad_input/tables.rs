//! Tables of MIMIC-III.

use std::fs;

use crate::Place;

/// An invented source of two admissions.
const TABLES: [(&str, &str); 5] = [
    (
        "PATIENTS",
        "row_id,subject_id,gender,dob\n1,1,F,2100-05-02 00:00:00\n2,2,M,2101-01-01 00:00:00\n",
    ),
    (
        "ADMISSIONS",
        "row_id,subject_id,hadm_id,admittime,admission_type,admission_location,insurance,language,\
         religion,marital_status,ethnicity,diagnosis,hospital_expire_flag,has_chartevents_data\n\
         1,1,11,2150-05-01 08:00:00,EMERGENCY,CLINIC,Private,,,SINGLE,WHITE,FEVER,0,1\n\
         2,2,21,2150-01-01 00:00:00,URGENT,CLINIC,NA,ENGL,,,WHITE,PAIN,0,1\n",
    ),
    (
        "DIAGNOSES_ICD",
        "row_id,subject_id,hadm_id,seq_num,icd9_code\n1,1,11,1,486\n2,2,21,1,4019\n",
    ),
    (
        "D_LABITEMS",
        "row_id,itemid,label,fluid,category\n1,50,Sodium,Blood,Chemistry\n",
    ),
    (
        "LABEVENTS",
        "row_id,subject_id,hadm_id,itemid,charttime,value,valuenum,valueuom,flag\n\
         1,1,11,50,2150-05-02 10:00:00,140,140,mEq/L,\n",
    ),
];

fn source() -> Place {
    let place = Place::new();
    for (name, text) in TABLES {
        place.write(&format!("source/{name}.csv"), text);
    }
    place
}

const IMPORT: &str = "data import mimic-iii source --out records";

/// Asserts that the import is refused with `parts` and that nothing is left of it.
#[track_caller]
fn refused(place: &Place, parts: &[&str]) {
    place.fails(2, IMPORT, parts);
    let left: Vec<String> = fs::read_dir(place.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("records"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

fn append(place: &Place, table: &str, row: &[u8]) {
    let path = format!("source/{table}.csv");
    let mut bytes = fs::read(place.path(&path)).unwrap();
    bytes.extend(row);
    place.write(&path, bytes);
}

#[test]
fn a_row_that_cannot_be_read_is_named_with_its_line() {
    for (row, part) in [
        (
            &b"2,1,11,50\n"[..],
            "expected 9 fields as in the header, found 4",
        ),
        (
            b"2,1,11,50,2150-05-02 10:00:00,1\xff4,14,mEq/L,\n",
            "column VALUE: expected UTF-8 text",
        ),
        (
            b"2,1,11,50,2150-13-02 10:00:00,14,14,mEq/L,\n",
            "column CHARTTIME: expected a date YYYY-MM-DD",
        ),
        (
            b"2,1,11,fifty,2150-05-02 10:00:00,14,14,mEq/L,\n",
            "column ITEMID: expected a whole number, found `fifty`",
        ),
        (
            b"2,1,11,50,\"2150-05-02 10:00:00,14,14,mEq/L,\n",
            "expected 9 fields as in the header",
        ),
    ] {
        let place = source();
        append(&place, "LABEVENTS", row);
        refused(&place, &["source/LABEVENTS.csv:3: ", part]);
    }
}

#[test]
fn a_table_that_is_not_what_it_should_be_is_named() {
    let place = source();
    place.write(
        "source/LABEVENTS.csv",
        TABLES[4].1.replacen("itemid", "item", 1),
    );
    refused(
        &place,
        &["table LABEVENTS has no column ITEMID; its columns are ROW_ID"],
    );
    place.write("source/LABEVENTS.csv", "");
    refused(
        &place,
        &["source/LABEVENTS.csv: the file is empty, expected a header"],
    );
    fs::remove_file(place.path("source/LABEVENTS.csv")).unwrap();
    place.write("source/LABEVENTS.csv.gz", "no gzip");
    refused(&place, &["cannot read source/LABEVENTS.csv.gz"]);
    fs::remove_file(place.path("source/LABEVENTS.csv.gz")).unwrap();
    place.write("source/LABEVENTS.csv/x", "");
    refused(
        &place,
        &["cannot read source/LABEVENTS.csv: Is a directory"],
    );
    fs::remove_file(place.path("source/ADMISSIONS.csv")).unwrap();
    refused(
        &place,
        &["source holds no table ADMISSIONS: expected ADMISSIONS.csv or ADMISSIONS.csv.gz"],
    );
    place.fails(
        2,
        "data import mimic-iii elsewhere --out records",
        &["cannot read elsewhere"],
    );
}

#[test]
fn a_table_that_may_be_absent_is_told() {
    let place = source();
    fs::remove_file(place.path("source/LABEVENTS.csv")).unwrap();
    let told = place.works(IMPORT);
    assert!(told.contains("not there: LABEVENTS"), "{told}");
    place.works("data check records");
}

#[test]
fn options_and_outputs_that_cannot_be_used_are_refused() {
    let place = source();
    place.fails(
        2,
        &format!("{IMPORT} --max-diagnoses 0"),
        &["`max_diagnoses` is 0, expected at least 1"],
    );
    place.fails(
        2,
        &format!("{IMPORT} --sample 0"),
        &["`sample` is 0, expected at least 1"],
    );
    place.fails(
        2,
        "data import mimic-iv source --out records",
        &["mimic-iii"],
    );
    place.works(IMPORT);
    let before = fs::read(place.path("records/11.json")).unwrap();
    place.fails(2, IMPORT, &["records exists and is not an empty folder"]);
    assert_eq!(fs::read(place.path("records/11.json")).unwrap(), before);
    place.fails(
        1,
        "data import mimic-iii source --out ward.toml/records",
        &["cannot be written"],
    );
}
