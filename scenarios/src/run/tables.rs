//! `episodes.parquet` and `rounds.parquet`, written column by column.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::error::RunError;
use super::score::{EpisodeRow, RoundRow};

/// A column of a table.
enum Column {
    Integers(Vec<i32>),
    Numbers(Vec<Option<f64>>),
    Texts(Vec<Option<String>>),
}

/// Writes both tables of a run into its folder. Equal rows give equal bytes.
///
/// # Errors
/// [`RunError`] when a file cannot be written.
pub(super) fn write_tables(
    run: &Path,
    episodes: &[EpisodeRow],
    rounds: &[RoundRow],
) -> Result<(), RunError> {
    let names: BTreeSet<&str> = episodes
        .iter()
        .flat_map(|row| row.metrics.keys().map(String::as_str))
        .collect();
    let mut columns = vec![
        (
            "episode",
            Column::Integers(episodes.iter().map(|r| r.episode as i32).collect()),
        ),
        (
            "case",
            Column::Texts(episodes.iter().map(|r| Some(r.case.clone())).collect()),
        ),
        (
            "outcome",
            Column::Texts(episodes.iter().map(|r| Some(r.outcome.clone())).collect()),
        ),
        (
            "reason",
            Column::Texts(episodes.iter().map(|r| r.reason.clone()).collect()),
        ),
    ];
    for name in names {
        columns.push((
            name,
            Column::Numbers(
                episodes
                    .iter()
                    .map(|r| r.metrics.get(name).copied().flatten())
                    .collect(),
            ),
        ));
    }
    write(&run.join("episodes.parquet"), "episodes", &columns)?;
    write(
        &run.join("rounds.parquet"),
        "rounds",
        &[
            (
                "episode",
                Column::Integers(rounds.iter().map(|r| r.episode as i32).collect()),
            ),
            (
                "round",
                Column::Integers(rounds.iter().map(|r| r.round as i32).collect()),
            ),
            (
                "minute",
                Column::Numbers(rounds.iter().map(|r| Some(r.minute)).collect()),
            ),
            (
                "agent",
                Column::Texts(rounds.iter().map(|r| Some(r.agent.clone())).collect()),
            ),
            (
                "action",
                Column::Texts(rounds.iter().map(|r| Some(r.action.clone())).collect()),
            ),
            (
                "reward",
                Column::Numbers(rounds.iter().map(|r| r.reward).collect()),
            ),
        ],
    )
}

fn write(path: &Path, name: &str, columns: &[(&str, Column)]) -> Result<(), RunError> {
    let temporary = path.with_extension("writing");
    let file = File::create(&temporary).map_err(RunError::file(path, "cannot be made"))?;
    write_columns(file, name, columns).map_err(|error| RunError::File {
        path: path.to_owned(),
        what: "cannot be written",
        source: std::io::Error::other(error),
    })?;
    std::fs::rename(&temporary, path).map_err(RunError::file(path, "cannot be put in place"))
}

fn write_columns(file: File, name: &str, columns: &[(&str, Column)]) -> Result<(), ParquetError> {
    let mut fields = Vec::with_capacity(columns.len());
    for (name, column) in columns {
        let field = match column {
            Column::Integers(_) => Type::primitive_type_builder(name, Physical::INT32)
                .with_repetition(Repetition::REQUIRED),
            Column::Numbers(_) => Type::primitive_type_builder(name, Physical::DOUBLE)
                .with_repetition(Repetition::OPTIONAL),
            Column::Texts(_) => Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
                .with_repetition(Repetition::OPTIONAL)
                .with_logical_type(Some(LogicalType::String)),
        };
        fields.push(Arc::new(field.build()?));
    }
    let schema = Arc::new(Type::group_type_builder(name).with_fields(fields).build()?);
    let properties = Arc::new(
        WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .build(),
    );
    let mut writer = SerializedFileWriter::new(file, schema, properties)?;
    let mut group = writer.next_row_group()?;
    for (_, column) in columns {
        let Some(mut out) = group.next_column()? else {
            break;
        };
        match column {
            Column::Integers(values) => {
                out.typed::<Int32Type>().write_batch(values, None, None)?;
            }
            Column::Numbers(values) => {
                let levels: Vec<i16> = values.iter().map(|v| i16::from(v.is_some())).collect();
                let present: Vec<f64> = values.iter().flatten().copied().collect();
                out.typed::<DoubleType>()
                    .write_batch(&present, Some(&levels), None)?;
            }
            Column::Texts(values) => {
                let levels: Vec<i16> = values.iter().map(|v| i16::from(v.is_some())).collect();
                let present: Vec<ByteArray> = values
                    .iter()
                    .flatten()
                    .map(|text| ByteArray::from(text.as_str()))
                    .collect();
                out.typed::<ByteArrayType>()
                    .write_batch(&present, Some(&levels), None)?;
            }
        }
        out.close()?;
    }
    group.close()?;
    writer.close()?;
    Ok(())
}
