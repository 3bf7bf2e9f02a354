from local.install import STAMP, fingerprint, is_current


def test_an_installation_is_current_only_for_what_it_was_made_from(tmp_path):
    lock = tmp_path / "lock.txt"
    lock.write_text("a==1")
    (tmp_path / STAMP).write_text(fingerprint(lock, "3.11"))

    assert is_current(tmp_path, fingerprint(lock, "3.11"))
    assert not is_current(tmp_path, fingerprint(lock, "3.12"))
    lock.write_text("a==2")
    assert not is_current(tmp_path, fingerprint(lock, "3.11"))


def test_an_interrupted_installation_is_not_current(tmp_path):
    assert not is_current(tmp_path, fingerprint("x"))
