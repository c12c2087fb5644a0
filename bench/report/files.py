"""The rendered files: what of them differs from a folder, and writing them there. IO."""


def differences(files, folder):
    """A sentence for what differs, or None."""
    there = {f"plots/{path.name}" for path in (folder / "plots").glob("*.svg")}
    wrong = [name for name, text in files.items()
             if not (folder / name).is_file() or (folder / name).read_text() != text]
    wrong += sorted(there - set(files))
    return f"not what bench/results says: {', '.join(wrong)}; run python3 bench/report" if wrong else None


def write(files, folder):
    (folder / "plots").mkdir(parents=True, exist_ok=True)
    for path in (folder / "plots").glob("*.svg"):
        if f"plots/{path.name}" not in files:
            path.unlink()
    for name, text in files.items():
        (folder / name).write_text(text)
