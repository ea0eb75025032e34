//! Invented tables in the shape of MIMIC-III: a few small ones and a LABEVENTS of any size.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Admissions, each of a patient of its own.
const ADMISSIONS: u64 = 5_000;
/// First ids; as long as those of the source.
const FIRST_SUBJECT: u64 = 10_000;
const FIRST_ADMISSION: u64 = 100_000;

/// Writes the tables into `folder`. One admission in `share` belongs to the cohort; the others
/// ended in death. A fifth of the rows of LABEVENTS, as in the source, is of no admission.
pub(crate) fn generate(folder: &Path, bytes: u64, share: u64) -> io::Result<()> {
    let mut patients = String::from("ROW_ID,SUBJECT_ID,GENDER,DOB\n");
    let mut admissions = String::from(
        "ROW_ID,SUBJECT_ID,HADM_ID,ADMITTIME,ADMISSION_TYPE,ADMISSION_LOCATION,INSURANCE,LANGUAGE,\
         RELIGION,MARITAL_STATUS,ETHNICITY,DIAGNOSIS,HOSPITAL_EXPIRE_FLAG,HAS_CHARTEVENTS_DATA\n",
    );
    let mut diagnoses = String::from("ROW_ID,SUBJECT_ID,HADM_ID,SEQ_NUM,ICD9_CODE\n");
    for ix in 0..ADMISSIONS {
        let (row, subject, admission) = (ix + 1, FIRST_SUBJECT + ix, FIRST_ADMISSION + ix);
        let died = u8::from(ix % share != 0);
        patients += &format!("{row},{subject},\"F\",2100-05-02 00:00:00\n");
        admissions += &format!(
            "{row},{subject},{admission},2150-05-01 08:00:00,\"EMERGENCY\",\"CLINIC\",\"Private\",\
             ,,\"SINGLE\",\"WHITE\",\"FEVER\",{died},1\n"
        );
        diagnoses += &format!("{row},{subject},{admission},1,\"486\"\n");
    }
    fs::write(folder.join("PATIENTS.csv"), patients)?;
    fs::write(folder.join("ADMISSIONS.csv"), admissions)?;
    fs::write(folder.join("DIAGNOSES_ICD.csv"), diagnoses)?;
    write_labs(&folder.join("LABEVENTS.csv"), bytes)
}

fn write_labs(path: &Path, bytes: u64) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let header = "\"ROW_ID\",\"SUBJECT_ID\",\"HADM_ID\",\"ITEMID\",\"CHARTTIME\",\"VALUE\",\
                  \"VALUENUM\",\"VALUEUOM\",\"FLAG\"\n";
    out.write_all(header.as_bytes())?;
    let mut written = header.len() as u64;
    let mut line = Vec::with_capacity(128);
    let mut row = 0_u64;
    while written < bytes {
        row += 1;
        let bits = scattered(row);
        let ix = bits % ADMISSIONS;
        let subject = FIRST_SUBJECT + ix;
        let item = 50_800 + (bits >> 16) % 400;
        let (day, hour, minute) = (1 + (bits >> 8) % 28, (bits >> 24) % 24, (bits >> 32) % 60);
        let (whole, tenth) = ((bits >> 40) % 250, (bits >> 48) % 10);
        line.clear();
        write!(line, "{row},{subject},")?;
        if !(bits >> 52).is_multiple_of(5) {
            write!(line, "{}", FIRST_ADMISSION + ix)?;
        }
        writeln!(
            line,
            ",{item},2150-05-{day:02} {hour:02}:{minute:02}:00,\"{whole}.{tenth}\",\
             {whole}.{tenth},\"mEq/L\",{}",
            if (bits >> 56).is_multiple_of(3) {
                "\"abnormal\""
            } else {
                ""
            }
        )?;
        out.write_all(&line)?;
        written += line.len() as u64;
    }
    out.flush()
}

/// Bits that spread evenly over all values: the finisher of SplitMix64.
fn scattered(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
