//! Results as JUnit XML, which continuous integration reads: a test suite an arm, a test a case.

use std::io::Write;

use quick_xml::Writer;
use quick_xml::events::BytesText;

use super::arm::{ArmResult, CaseOutcome, CaseStatus};

/// The results could not be written as XML.
#[derive(Debug, thiserror::Error)]
#[error("the results cannot be written as XML: {0}")]
pub struct JunitError(#[from] std::io::Error);

/// The results of all arms of the suite `name`.
///
/// A case that failed is a failure, one with a visit that could not be held an error, and one that
/// failed as expected or is undetermined is skipped. There is no time: results are equal bytes.
///
/// # Errors
/// [`JunitError`] when the text cannot be written.
pub fn junit(name: &str, arms: &[ArmResult]) -> Result<String, JunitError> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 1);
    let all = |status: &[CaseStatus]| -> usize {
        let of = |arm: &ArmResult| status.iter().map(|s| arm.count(*s)).sum::<usize>();
        arms.iter().map(of).sum()
    };
    let tests: usize = arms.iter().map(|arm| arm.cases.len()).sum();
    writer
        .create_element("testsuites")
        .with_attributes([
            ("name", name),
            ("tests", &*tests.to_string()),
            ("failures", &*all(&FAILURES).to_string()),
            ("errors", &*all(&[CaseStatus::Error]).to_string()),
            ("skipped", &*all(&SKIPPED).to_string()),
        ])
        .write_inner_content(|writer| {
            for arm in arms {
                suite(writer, name, arm)?;
            }
            Ok(())
        })?;
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out.push_str(&String::from_utf8_lossy(&writer.into_inner()));
    out.push('\n');
    Ok(out)
}

const FAILURES: [CaseStatus; 2] = [CaseStatus::Failed, CaseStatus::UnexpectedPass];
const SKIPPED: [CaseStatus; 2] = [CaseStatus::ExpectedFailure, CaseStatus::Undetermined];

fn suite<W: Write>(writer: &mut Writer<W>, name: &str, arm: &ArmResult) -> std::io::Result<()> {
    let count = |status: &[CaseStatus]| {
        let of: usize = status.iter().map(|s| arm.count(*s)).sum();
        of.to_string()
    };
    let title = format!("{name}.{}", arm.name);
    writer
        .create_element("testsuite")
        .with_attributes([
            ("name", &*title),
            ("tests", &*arm.cases.len().to_string()),
            ("failures", &*count(&FAILURES)),
            ("errors", &*count(&[CaseStatus::Error])),
            ("skipped", &*count(&SKIPPED)),
        ])
        .write_inner_content(|writer| {
            for case in &arm.cases {
                test(writer, &title, case)?;
            }
            Ok(())
        })?;
    Ok(())
}

fn test<W: Write>(writer: &mut Writer<W>, suite: &str, case: &CaseOutcome) -> std::io::Result<()> {
    let element = writer
        .create_element("testcase")
        .with_attributes([("name", &*case.id), ("classname", suite)]);
    let kind = match case.status {
        CaseStatus::Passed => {
            element.write_empty()?;
            return Ok(());
        }
        CaseStatus::Failed | CaseStatus::UnexpectedPass => "failure",
        CaseStatus::ExpectedFailure | CaseStatus::Undetermined => "skipped",
        CaseStatus::Error => "error",
    };
    let runs = case.runs.len();
    let message = format!(
        "{}: {} of {runs} visits passed",
        case.status.words(),
        case.passed()
    );
    let details = details(case);
    element.write_inner_content(|writer| {
        writer
            .create_element(kind)
            .with_attributes([("message", &*message), ("type", case.status.words())])
            .write_text_content(BytesText::new(&details))?;
        Ok(())
    })?;
    Ok(())
}

/// Which checks had bad news, in which visits and by which events.
fn details(case: &CaseOutcome) -> String {
    let mut lines = Vec::new();
    for run in &case.runs {
        if let Some(reason) = &run.row.reason {
            lines.push(format!(
                "episode {}: {}: {reason}",
                run.row.episode, run.row.outcome
            ));
        }
        for check in &run.result.checks {
            let verdict = match (check.is_good(), check.met) {
                (Some(true), _) => continue,
                (Some(false), Some(true)) => "happened",
                (Some(false), _) => "not met",
                (None, _) => "undetermined",
            };
            let events: Vec<String> = check.events.iter().map(|n| format!("#{n}")).collect();
            let by = if events.is_empty() {
                "no such event".to_owned()
            } else {
                format!("events {}", events.join(", "))
            };
            lines.push(format!(
                "episode {}: {}: {verdict} ({by})",
                run.row.episode, check.id
            ));
        }
    }
    lines.join("\n")
}
