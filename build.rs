//! How the program is linked.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if !is("CARGO_CFG_TARGET_OS", "linux") || !is("CARGO_CFG_TARGET_ENV", "gnu") {
        return;
    }
    // A program that may be loaded anywhere has some 25,000 addresses in its tables, of commands, functions and
    // characters, which the loader writes anew at each start: a tenth of the time of rendering a common chart.
    // One that is loaded where it was linked for has them in the file. Nothing here rests on where the code
    // lies: the memory of data, stack and libraries is placed at random all the same.
    println!("cargo:rustc-link-arg-bins=-no-pie");
    // To find and bind the shared libraries takes another tenth. If the C library is there as an archive, it
    // becomes part of the program. Cargo's own switch for this, `crt-static`, would need a `--target`.
    if env::var("HOST") != env::var("TARGET") {
        return;
    }
    let Ok(out) = env::var("OUT_DIR") else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/hot.ld");
    println!("cargo:rerun-if-changed={}", script.display());
    // The code that a render runs, side by side: see the file.
    let mut wanted = vec![format!("-Wl,-T,{}", script.display())];
    if is_lld_22() {
        // Linux chooses huge pages for a file that is written in one go, not for one that is written by a mapping. LLD 22
        // takes the option for its opposite.
        wanted.push("-Wl,--mmap-output-file".to_owned());
    }
    // Not all linkers can do that.
    for argument in wanted {
        if links(Path::new(&out), &argument) {
            println!("cargo:rustc-link-arg-bins={argument}");
        }
    }
    let folder = Path::new(&out).join("static");
    if let Some(archives) = archives() {
        match stand_ins(&folder, &archives) {
            Ok(()) => {
                println!("cargo:rustc-link-arg-bins=-static");
                println!("cargo:rustc-link-arg-bins=-L{}", folder.display());
            }
            Err(error) => println!("cargo:warning=linking shared libraries: {}: {error}", folder.display()),
        }
    }
}

/// Whether the linker that comes with the compiler is LLD of LLVM 22.
fn is_lld_22() -> bool {
    let compiler = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let Ok(told) = Command::new(compiler).arg("-vV").output() else { return false };
    String::from_utf8_lossy(&told.stdout).lines().any(|line| line.starts_with("LLVM version: 22."))
}

/// Whether a program can be linked with such an argument.
fn links(out: &Path, argument: &str) -> bool {
    let source = out.join("trial.rs");
    if fs::write(&source, "fn main() {}").is_err() {
        return false;
    }
    let mut compiler = Command::new(env::var("RUSTC").unwrap_or_else(|_| "rustc".into()));
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    compiler.args(flags.split('\x1f').filter(|flag| !flag.is_empty()));
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        compiler.arg("-C").arg(format!("linker={linker}"));
    }
    let argument = format!("link-arg={argument}");
    let made = compiler.args(["-C", &argument]).arg("-o").arg(out.join("trial")).arg(&source).output();
    made.is_ok_and(|made| made.status.success())
}

/// The archives of the C library, if all of them are there.
fn archives() -> Option<Vec<PathBuf>> {
    let linker = env::var("RUSTC_LINKER").unwrap_or_else(|_| "cc".into());
    let find = |name: &str| {
        let found = Command::new(&linker).arg(format!("-print-file-name={name}")).output().ok()?;
        let path = PathBuf::from(String::from_utf8(found.stdout).ok()?.trim_end());
        path.is_absolute().then_some(path)
    };
    ["libc.a", "libm.a", "libgcc_eh.a", "libgcc.a"].into_iter().map(find).collect()
}

/// Files by the names of the shared libraries that the compiler asks the linker for, which lead it to the
/// archives instead.
fn stand_ins(folder: &Path, archives: &[PathBuf]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let paths: Vec<String> = archives.iter().map(|path| format!("\"{}\"", path.display())).collect();
    let script = format!("GROUP ( {} )\n", paths.join(" "));
    ["libc.so", "libm.so", "libgcc_s.so"].iter().try_for_each(|name| fs::write(folder.join(name), &script))
}
