//! What a team would write instead of ours: the same `PATCH /userinfo` for Node.js (`bench/node`) and Python
//! (`bench/python`).

mod likeness;
mod program;

use crate::bed::Bed;
use crate::tokens::{AUDIENCE, ISSUER, Issuer};
use crate::zip;
use local::binaries::workspace;
use local::failure::{Context, Failure, Result};
use local::runtime::FunctionSpec;
use program::{Interpreter, run};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::Command;

/// A function of another language beside ours.
pub struct Peer {
    /// The language's runtime with its version, where it is known: `Node.js 20.20.2`.
    pub name: String,
    /// What runs; else why there is nothing to run, in a few words.
    pub made: std::result::Result<FunctionSpec, String>,
    /// Size in bytes of the zip that would be deployed.
    pub zip: Option<u64>,
}

/// A program that is ready to run.
struct Program {
    interpreter: Interpreter,
    /// A script whose first line names the interpreter, so that the kernel starts that and no shell.
    script: PathBuf,
    /// Where modules are found beside the script.
    modules: PathBuf,
    zip: u64,
}

/// The one for Node.js 20 or newer: installed by npm and bundled, when its lock file has changed since the last time.
pub async fn node(bed: &Bed, issuer: &Issuer) -> Peer {
    peer("Node.js", install_node().await, bed, issuer).await
}

/// The one for Python 3.11 or newer: its packages installed by pip, when its lock file has changed since the last time.
pub async fn python(bed: &Bed, issuer: &Issuer) -> Peer {
    peer("Python", install_python().await, bed, issuer).await
}

async fn peer(language: &str, installed: Result<Program>, bed: &Bed, issuer: &Issuer) -> Peer {
    let program = match installed {
        Ok(program) => program,
        Err(failure) => {
            return Peer { name: language.to_owned(), made: Err(failure.to_string()), zip: None };
        }
    };
    let name = format!("{language} {}", program.interpreter.version);
    let made = match function(&program, &name, bed, issuer) {
        Ok(spec) => likeness::check(bed, issuer, &spec).await.map(|()| spec),
        Err(failure) => Err(failure),
    };
    Peer { name, made: made.map_err(|failure| failure.to_string()), zip: Some(program.zip) }
}

fn function(program: &Program, name: &str, bed: &Bed, issuer: &Issuer) -> Result<FunctionSpec> {
    let secret = issuer.secret_file().ok_or_else(|| Failure::new("made for HS256 alone"))?;
    let mut environment = bed.database();
    let modules = program.modules.display().to_string();
    let copied = |name: &str| environment.get(name).cloned().unwrap_or_default();
    let settings = [
        // boto3 and Node.js have names of their own for what the bed gives.
        ("AWS_DEFAULT_REGION", copied("AWS_REGION")),
        ("NODE_EXTRA_CA_CERTS", copied("AWS_CA_BUNDLE")),
        // The SDK would say at each start that Node.js 20 is old.
        ("AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED", "true".to_owned()),
        ("ISSUER", ISSUER.to_owned()),
        ("AUDIENCE", AUDIENCE.to_owned()),
        ("SECRET_FILE", secret.display().to_string()),
        ("PYTHONPATH", modules.clone()),
        // No settings of whoever runs the benchmark.
        ("HOME", modules),
    ];
    environment.extend(settings.map(|(name, value)| (name.to_owned(), value)));
    Ok(FunctionSpec {
        name: name.to_owned(),
        binary: program.script.clone(),
        environment,
        timeout: Duration::from_secs(60),
    })
}

async fn install_node() -> Result<Program> {
    let question = ["-p", r"process.execPath + '\n' + process.versions.node"];
    let interpreter = Interpreter::find(&["node"], &question, (20, 0)).await?;
    let (source, place) = (workspace().join("bench/node"), workspace().join("target/bench/node"));
    copy_files(&source, &place, &["js", "json"])?;
    let npm = |arguments: &[&str]| {
        let mut command = Command::new("npm");
        command.args(arguments).current_dir(&place);
        command
    };
    let installed = Installed::of(&source.join("package-lock.json"), &place, &interpreter)?;
    if !installed.is_current() {
        // Scripts of packages are not needed here, so they do not run.
        run(&mut npm(&["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"])).await?;
        installed.note()?;
    }
    run(&mut npm(&["run", "bundle"])).await?;
    let bundle = place.join("dist/bootstrap.mjs");
    let script = interpreter.script(&bundle, "", &place.join("start.mjs"))?;
    let zip = zip::of_directory(&place.join("dist"))?;
    Ok(Program { interpreter, script, modules: place, zip })
}

async fn install_python() -> Result<Program> {
    let question = [
        "-c",
        "import os, platform, sys; print(os.path.realpath(sys.executable), platform.python_version(), sep='\\n')",
    ];
    let interpreter = Interpreter::find(&["python3.11", "python3"], &question, (3, 11)).await?;
    let (source, place) = (workspace().join("bench/python"), workspace().join("target/bench/python"));
    let (modules, requirements) = (place.join("package"), source.join("requirements.txt"));
    let python = |arguments: &[&str]| {
        let mut command = Command::new(&interpreter.path);
        command.args(arguments);
        command
    };
    let installed = Installed::of(&requirements, &place, &interpreter)?;
    if !installed.is_current() {
        if modules.exists() {
            std::fs::remove_dir_all(&modules).context(modules.display())?;
        }
        let mut pip = python(&["-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]);
        pip.args(["--only-binary", ":all:", "--target"]).arg(&modules).arg("-r").arg(&requirements);
        run(&mut pip).await?;
        installed.note()?;
    }
    copy_files(&source, &modules, &["py"])?;
    run(python(&["-m", "compileall", "-q"]).arg(&modules)).await?;
    // Without `site`: the packages of whoever runs the benchmark are neither seen nor paid for.
    let script = interpreter.script(&source.join("bootstrap.py"), " -S", &place.join("start.py"))?;
    let zip = zip::of_directory(&modules)?;
    Ok(Program { interpreter, script, modules, zip })
}

/// What was last installed at a place, and what should be.
struct Installed {
    note: PathBuf,
    wanted: String,
}

impl Installed {
    fn of(lock: &Path, place: &Path, interpreter: &Interpreter) -> Result<Self> {
        std::fs::create_dir_all(place).context(place.display())?;
        let locked = std::fs::read_to_string(lock).context(lock.display())?;
        let wanted = format!("{} {}\n{locked}", interpreter.path.display(), interpreter.version);
        Ok(Self { note: place.join("installed"), wanted })
    }

    fn is_current(&self) -> bool {
        std::fs::read_to_string(&self.note).is_ok_and(|noted| noted == self.wanted)
    }

    fn note(&self) -> Result<()> {
        std::fs::write(&self.note, &self.wanted).context(self.note.display())
    }
}

/// Copies the files of a directory that have one of these extensions.
fn copy_files(from: &Path, to: &Path, extensions: &[&str]) -> Result<()> {
    std::fs::create_dir_all(to).context(to.display())?;
    for file in std::fs::read_dir(from).context(from.display())? {
        let file = file.context(from.display())?;
        let path = file.path();
        if path.extension().is_some_and(|ending| extensions.iter().any(|wanted| ending == *wanted)) {
            std::fs::copy(&path, to.join(file.file_name())).context(path.display())?;
        }
    }
    Ok(())
}
