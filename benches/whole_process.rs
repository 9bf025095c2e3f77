//! The release binary as a user runs it, from outside: medians of whole processes.
//!
//! Run by `cargo bench --bench whole_process`. What a bare program would take is measured beside
//! it: this program, started again, reads or writes the same bytes and does nothing else. The
//! memory's peak is GNU time's, where that is installed.

mod support;

use std::fs;
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const BINARY: &str = env!("CARGO_BIN_EXE_valet-gen");

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["read-bare", folder] => read_bare(folder.as_ref()),
        ["pack", folder, pack] => pack_tree(folder.as_ref(), pack.as_ref()),
        ["write-bare", pack, folder] => write_bare(pack.as_ref(), folder.as_ref()),
        // What `cargo bench` and `cargo test` pass is of no use here.
        _ => measure_all(),
    }
}

fn measure_all() -> io::Result<()> {
    let scratch = support::scratch();
    let bench = Bench {
        root: scratch.path().to_owned(),
    };
    println!("scratch folder: {}", bench.root.display());
    report(
        "start-up (--version)",
        41,
        &|| Ok(()),
        &[BINARY, "--version"],
    )?;
    bench.one_fleet()?;
    bench.many_fleets(100, 15)?;
    bench.many_fleets(1000, 5)?;
    bench.validate_long()?;
    bench.reviews()
}

struct Bench {
    root: PathBuf,
}

impl Bench {
    fn path(&self, name: &str) -> String {
        self.root.join(name).display().to_string()
    }

    fn one_fleet(&self) -> io::Result<()> {
        let (fleet, out) = (self.path("fleet.toml"), self.path("one"));
        fs::write(&fleet, support::FLEET)?;
        let render = [BINARY, "render", &fleet, "--out", &out];
        let fresh = || remove(&out);
        report("render 1 fleet, fresh", 41, &fresh, &render)?;
        let nothing = || Ok(());
        let unchanged = report("render 1 fleet, unchanged", 41, &nothing, &render)?;
        println!("  it is {}", describe(out.as_ref())?);
        let read = Self::bare(
            "a bare program that reads it",
            41,
            &nothing,
            &["read-bare", &out],
        )?;
        ratio("unchanged / reading", unchanged, read);
        Ok(())
    }

    fn many_fleets(&self, count: usize, runs: usize) -> io::Result<()> {
        let folder = self.root.join(format!("fleets-{count}"));
        fs::create_dir(&folder)?;
        let mut render = vec![BINARY.to_owned(), "render".to_owned()];
        for number in 0..count {
            let file = folder.join(format!("fleet-{number:04}.toml"));
            fs::write(&file, support::fleet_called(&format!("fleet-{number:04}")))?;
            render.push(file.display().to_string());
        }
        let out = self.path(&format!("out-{count}"));
        render.extend(["--out".to_owned(), out.clone()]);
        let render: Vec<&str> = render.iter().map(String::as_str).collect();
        let fresh = || remove(&out);
        let nothing = || Ok(());
        let ours = report(
            &format!("render {count} fleets, fresh"),
            runs,
            &fresh,
            &render,
        )?;
        let unchanged = report(
            &format!("render {count} fleets, unchanged"),
            runs,
            &nothing,
            &render,
        )?;
        println!("  they are {}", describe(out.as_ref())?);
        let pack = self.path(&format!("pack-{count}"));
        run(&[&this_program()?, "pack", &out, &pack])?;
        let read = Self::bare(
            "a bare program that reads it",
            runs,
            &nothing,
            &["read-bare", &out],
        )?;
        let write = ["write-bare", &pack, &out];
        let bare = Self::bare("a bare program that writes it", runs, &fresh, &write)?;
        ratio("fresh / writing", ours, bare);
        ratio("unchanged / reading", unchanged, read);
        remove(&out)
    }

    fn validate_long(&self) -> io::Result<()> {
        let fleet = self.path("long.toml");
        let text = support::long_fleet();
        fs::write(&fleet, &text)?;
        let name = format!("validate {} lines", text.lines().count());
        report(&name, 41, &|| Ok(()), &[BINARY, "validate", &fleet])?;
        Ok(())
    }

    /// A change of this repository's fleet, and plans of 1 and 16 MB.
    fn reviews(&self) -> io::Result<()> {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(repository.join("fleet.toml"))?;
        let (old, new) = (self.path("old.toml"), self.path("new.toml"));
        fs::write(&old, &text)?;
        fs::write(&new, text.replace("volume_size = 40", "volume_size = 60"))?;
        let nothing = || Ok(());
        let diff = [BINARY, "diff", &old, &new, "--format", "json"];
        report("diff, one key changed", 41, &nothing, &diff)?;
        fs::write(&new, text.replace("10.40.0.0/16", "10.41.0.0/16"))?;
        report("diff, another range of the VPC", 41, &nothing, &diff)?;
        let plan = repository.join("tests/data/plans/volume_size.json");
        let plan = fs::read_to_string(plan)?;
        for megabytes in [1, 16] {
            let file = self.path("plan.json");
            let large = support::large_plan(&plan, megabytes * 1024 * 1024)?;
            fs::write(&file, &large)?;
            let size = large.len() as f64 / 1024.0 / 1024.0;
            let name = format!("plan-review, {size:.1} MiB");
            let review = [BINARY, "plan-review", &file, "--format", "json"];
            let time = report(&name, 41, &nothing, &review)?;
            println!("  {:.1} ms per MiB", milliseconds(time) / size);
        }
        Ok(())
    }

    fn bare(
        name: &str,
        runs: usize,
        before: &dyn Fn() -> io::Result<()>,
        arguments: &[&str],
    ) -> io::Result<Duration> {
        let program = this_program()?;
        let command: Vec<&str> = [program.as_str()]
            .into_iter()
            .chain(arguments.iter().copied())
            .collect();
        report(name, runs, before, &command)
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn ratio(name: &str, ours: Duration, bare: Duration) {
    let ratio = ours.as_secs_f64() / bare.as_secs_f64();
    println!("  {name}: {ratio:.2}");
}

fn this_program() -> io::Result<String> {
    Ok(std::env::current_exe()?.display().to_string())
}

fn run(command: &[&str]) -> io::Result<()> {
    let mut child = Command::new(command[0]);
    child
        .args(&command[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let status = child.status()?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "{} {}: {status}",
        command[0], command[1]
    )))
}

/// The most memory that a run holds at once, by GNU time.
fn peak_memory(command: &[&str]) -> io::Result<String> {
    let timed = Command::new("/usr/bin/time")
        .args(["-f", "%M"])
        .args(command)
        .output();
    let Ok(output) = timed else {
        run(command)?;
        return Ok("unknown, GNU time is not installed".to_owned());
    };
    let text = String::from_utf8_lossy(&output.stderr);
    let kibibytes = text
        .lines()
        .last()
        .and_then(|line| line.trim().parse::<f64>().ok());
    Ok(kibibytes.map_or("unknown".to_owned(), |peak| {
        format!("{:.1} MiB", peak / 1024.0)
    }))
}

fn remove(folder: &str) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Every file of a tree.
fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            files.extend(files_below(&entry.path())?);
        } else {
            files.push(entry.path());
        }
    }
    Ok(files)
}

fn describe(folder: &Path) -> io::Result<String> {
    let files = files_below(folder)?;
    let (mut bytes, mut resources) = (0, 0);
    for file in &files {
        let text = fs::read_to_string(file)?;
        bytes += text.len();
        resources += text
            .lines()
            .filter(|line| line.starts_with("resource "))
            .count();
    }
    Ok(format!(
        "{} files, {bytes} bytes, {resources} resources",
        files.len()
    ))
}

/// Reads every file of a tree.
fn read_bare(folder: &Path) -> io::Result<()> {
    let mut buffer = Vec::new();
    for file in files_below(folder)? {
        buffer.clear();
        fs::File::open(file)?.read_to_end(&mut buffer)?;
    }
    Ok(())
}

/// Puts a tree into one file: before each file's bytes, a line with its path and its length.
fn pack_tree(folder: &Path, pack: &Path) -> io::Result<()> {
    let mut packed = io::BufWriter::new(fs::File::create(pack)?);
    for file in files_below(folder)? {
        let bytes = fs::read(&file)?;
        let path = file.strip_prefix(folder).map_err(io::Error::other)?;
        writeln!(packed, "{}\t{}", path.display(), bytes.len())?;
        packed.write_all(&bytes)?;
    }
    packed.flush()
}

/// Writes the tree of such a file, each file by one call.
fn write_bare(pack: &Path, folder: &Path) -> io::Result<()> {
    let mut packed = io::BufReader::with_capacity(1 << 16, fs::File::open(pack)?);
    let (mut line, mut bytes) = (String::new(), Vec::new());
    let mut made = PathBuf::new();
    while packed.read_line(&mut line)? > 0 {
        let (path, length) = line
            .trim_end()
            .split_once('\t')
            .ok_or(io::ErrorKind::InvalidData)?;
        bytes.resize(length.parse().map_err(io::Error::other)?, 0);
        packed.read_exact(&mut bytes)?;
        let file = folder.join(path);
        let above = file.parent().unwrap_or(folder);
        if above != made {
            fs::create_dir_all(above)?;
            above.clone_into(&mut made);
        }
        fs::write(&file, &bytes)?;
        line.clear();
    }
    Ok(())
}

/// Prints the median of some runs and the memory's peak of one more, and gives the median.
fn report(
    name: &str,
    runs: usize,
    before: &dyn Fn() -> io::Result<()>,
    command: &[&str],
) -> io::Result<Duration> {
    let mut times = Vec::with_capacity(runs);
    for number in 0..=runs {
        before()?;
        let start = Instant::now();
        run(command)?;
        // The first run warms up.
        if number > 0 {
            times.push(start.elapsed());
        }
    }
    times.sort_unstable();
    before()?;
    let peak = peak_memory(command)?;
    let median = times[times.len() / 2];
    println!(
        "{name:<34} median {:>8.2} ms, least {:>8.2} ms, most {:>8.2} ms, peak {peak}",
        milliseconds(median),
        milliseconds(times[0]),
        milliseconds(times[times.len() - 1]),
    );
    Ok(median)
}
