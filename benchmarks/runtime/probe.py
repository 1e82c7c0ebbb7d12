"""A process that predicts, and reports its cost; it imports only what its contestant has."""

import sys
import time

if __name__ == "__main__":
    module, path, timed, *sites = sys.argv[1:]
    sys.path[:0] = sites
    started = time.process_time()
    import numpy as np

    with_numpy = time.process_time()
    told = {"numpy": 1e3 * (with_numpy - started), "ours": 0.0}
    if module != "numpy":
        from importlib import import_module

        Student = import_module(module).Student
        told["ours"] = 1e3 * (time.process_time() - with_numpy)
        import json

        with open(f"{path}.row") as stream:
            row = json.load(stream)
        student = Student.load(path)
        student.predict_one(row)
    told |= {"answered": time.time(), "cpu": 1e3 * time.process_time()}
    import json

    with open("/proc/self/status") as stream:
        status = dict(line.split(":", 1) for line in stream)
    told["memory"] = int(status["VmHWM"].split()[0]) / 1e3

    def seconds(call):
        """Return the CPU time of a call, the median of some."""
        times = []
        for _ in range(9):
            begun = time.thread_time()
            call()
            times.append(time.thread_time() - begun)
        return sorted(times)[4]

    if timed == "1":
        import pickle

        with open(f"{path}.rows", "rb") as stream:
            rows, matrix = pickle.load(stream)
        packed, cells = student.packed, [np.array(each) for each in matrix[: len(rows)]]
        packed.probabilities_of(matrix[:9])  # which a kernel may be compiled for
        packed.code(cells[0])
        told["dict"] = 1e6 / len(rows) * seconds(lambda: list(map(student.predict_one, rows)))
        told["row"] = 1e6 / len(rows) * seconds(lambda: list(map(packed.code, cells)))
        told["table"] = 1e9 / len(matrix) * seconds(lambda: packed.probabilities_of(matrix))
    print(json.dumps(told))
