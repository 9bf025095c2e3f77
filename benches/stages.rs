//! Each stage of the pipeline by itself, in one process.

mod support;

use std::path::Path;

use divan::Bencher;
use divan::counter::BytesCount;
use jiff::civil::date;
use valet_gen::check::check;
use valet_gen::diagnostic::SourceText;
use valet_gen::load::load;
use valet_gen::render::{Engine, FileSet, render};
use valet_gen::resolve::{Plan, resolve};
use valet_gen::write::{OwnFiles, Rendering, Scope, WriteError, WriteOptions, WriteSummary, write};

fn main() {
    divan::main();
}

fn source(text: String) -> SourceText {
    SourceText {
        path: "fleet.toml".to_owned(),
        text,
    }
}

fn plan() -> Plan {
    let source = source(support::FLEET.to_owned());
    let loaded = load(&source).expect("the fleet is typed");
    let checked = check(&source, loaded, date(2026, 9, 1)).checked;
    resolve(&checked.expect("the fleet keeps the rules"))
}

fn files() -> FileSet {
    render(&Engine::new(), &plan()).expect("the templates fit the plan")
}

/// The fleet of most benchmarks, or one of 2,000 lines.
fn text_of(name: &str) -> SourceText {
    source(match name {
        "long" => support::long_fleet(),
        _ => support::FLEET.to_owned(),
    })
}

#[divan::bench(args = ["fleet", "long"])]
fn stage_1_load(bencher: Bencher<'_, '_>, name: &str) {
    let source = text_of(name);
    bencher
        .counter(BytesCount::of_str(&source.text))
        .bench(|| load(&source).is_ok());
}

#[divan::bench(args = ["fleet", "long"])]
fn stage_2_check(bencher: Bencher<'_, '_>, name: &str) {
    let source = text_of(name);
    bencher
        .with_inputs(|| load(&source).expect("the fleet is typed"))
        .bench_values(|loaded| check(&source, loaded, date(2026, 9, 1)));
}

#[divan::bench(args = ["fleet", "long"])]
fn stage_3_resolve(bencher: Bencher<'_, '_>, name: &str) {
    let source = text_of(name);
    let loaded = load(&source).expect("the fleet is typed");
    let checked = check(&source, loaded, date(2026, 9, 1)).checked;
    let checked = checked.expect("the fleet keeps the rules");
    bencher.bench(|| resolve(&checked));
}

/// The first rendering of a process, which compiles the templates that it takes.
#[divan::bench]
fn stage_4_render_first(bencher: Bencher<'_, '_>) {
    let plan = plan();
    bencher.bench(|| render(&Engine::new(), &plan).is_ok());
}

#[divan::bench]
fn stage_4_render_again(bencher: Bencher<'_, '_>) {
    let (engine, plan) = (Engine::new(), plan());
    bencher.bench(|| render(&engine, &plan).is_ok());
}

fn put(folder: &Path, files: &FileSet) -> Result<WriteSummary, WriteError> {
    let rendering = Rendering {
        fleet: "fleet",
        files,
        scope: Scope::Everything,
        own_files: &OwnFiles::default(),
    };
    write(folder, &rendering, WriteOptions::default())
}

#[divan::bench]
fn stage_5_write_fresh(bencher: Bencher<'_, '_>) {
    let files = files();
    bencher
        .with_inputs(support::scratch)
        .bench_values(|scratch| {
            let folder = scratch.path().join("out");
            put(&folder, &files).expect("it is written");
            scratch
        });
}

#[divan::bench]
fn stage_5_write_unchanged(bencher: Bencher<'_, '_>) {
    let files = files();
    let scratch = support::scratch();
    let folder = scratch.path().join("out");
    put(&folder, &files).expect("it is written");
    bencher.bench(|| put(&folder, &files).is_ok());
}

/// What an unchanged write is held against: the same files, read and held against the same bytes.
#[divan::bench]
fn stage_5_read_only(bencher: Bencher<'_, '_>) {
    let files = files();
    let scratch = support::scratch();
    let folder = scratch.path().join("out");
    put(&folder, &files).expect("it is written");
    bencher.bench(|| {
        files.iter().all(|(path, text)| {
            std::fs::read(folder.join(path)).is_ok_and(|found| found == text.as_bytes())
        })
    });
}
