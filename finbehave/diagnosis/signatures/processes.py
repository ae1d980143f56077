"""Signatures: how a process ended, or did not begin to answer: memory, native crashes, time, probes, disk."""

from __future__ import annotations

from finbehave.diagnosis.signatures.form import Phase, Signature

_MEMORY = (
    "take a larger --instance-type, fewer --workers (WORKER_COUNT) or a smaller model; finbehave check-compat MODEL "
    "--rehearse tells how much it needs; then finbehave deploy MODEL"
)
_NATIVE = (
    "build the image anew with numpy, scipy, scikit-learn (and xgboost or lightgbm) at the versions used in training, "
    "pinned in environment.yml; finbehave check-compat MODEL --environment environment.yml loads it in a process apart"
)
_SLOW_START = (
    "load less in init(), or raise the liveness and readiness probes' initial delay of the deployment; finbehave "
    "check-compat MODEL --rehearse measures the start"
)
_SLOW_ANSWER = (
    "send fewer rows a request, or raise the request timeout (Azure: --request-timeout, at most 180 s; "
    "request_timeout_ms) or the instances: finbehave deploy MODEL --instance-count N; finbehave status shows the "
    "latencies"
)
_PROBE = (
    "set the probes of the deployment to the port and path that the server listens on (azmlinfsrv: / on 31311) and a "
    "timeout "
    "of at least 2 s, then finbehave deploy MODEL"
)
_DISK = (
    "free space (finbehave models archive does not; delete old deployments, environments in the cache, logs), or "
    "take an "
    "--instance-type with a larger disk; finbehave doctor tells how much is free"
)
_STARTED = r"init has completed successfully|ready for serving traffic|init function failed"

SIGNATURES = (
    Signature(
        "scoring-timeout",
        ("has not answered for",),
        r"worker \d+ of \S+ has not answered for (?P<seconds>\d+) s and is killed",
        "a worker did not answer for {seconds} s and was killed: a request holds it, or it hangs",
        _SLOW_ANSWER,
        "finbehave's supervisor",
        0.85,
    ),
    Signature(
        "out-of-memory",
        ("was sent sigkill",),
        r"Worker \(pid:(?P<pid>\d+)\) was sent SIGKILL",
        "a worker was killed from outside, most likely because memory ran out",
        _MEMORY,
        "gunicorn",
        0.9,
        unless_near=r"WORKER TIMEOUT \(pid:{pid}\)",
    ),
    Signature(
        "out-of-memory",
        ("due to signal 9", "signal: killed", "signal 9", "by sigkill", "signal sigkill"),
        r"[Ww]orker.{0,80}(?:terminated due to signal 9|signal: killed|signal 9\b|by (?:signal )?SIGKILL"
        r"|signal SIGKILL)",
        "a worker was killed from outside, most likely because memory ran out",
        _MEMORY,
        "gunicorn before 21, finbehave's supervisor",
        0.85,
        unless_near=r"WORKER TIMEOUT \(pid|has not answered for \d+ s and is killed",
    ),
    Signature(
        "out-of-memory",
        (
            "memoryerror",
            "unable to allocate",
            "can't allocate memory",
            "cannot allocate memory",
            "std::bad_alloc",
            "out of memory",
        ),
        r"^(?:[\w.]+\.)?_?(?:Array)?MemoryError\b|Unable to allocate (?P<size>[\d.]+ [KMGT]i?B)|[Cc]an(?:not"
        r"|'t) allocate memory"
        r"|std::bad_alloc|[Oo]ut of memory: Kill|CUDA out of memory|\[Errno 12\]",
        ("memory ran out: {size} were asked for at once", "memory ran out"),
        _MEMORY,
        "Python, numpy, the kernel",
        0.93,
        near=(r"Unable to allocate (?P<size>[\d.]+ [KMGT]i?B)",),
    ),
    Signature(
        "out-of-memory",
        ("oomkilled", "oom-kill", "memory cgroup", "low on resource: memory", "exceeded memory", "memory limit"),
        r"OOMKilled|oom-kill|Memory cgroup out of memory|low on resource: memory|exceeded (?:its )?memory"
        r"|[Mm]emory limit (?:was )?(?:exceeded|reached)",
        "the container was killed because it used more memory than it may",
        _MEMORY,
        "Kubernetes, the kernel",
        0.95,
    ),
    Signature(
        "out-of-memory",
        ("unexpectedly terminated", "sigkill(-9)"),
        r"SIGKILL\(-9\)",
        "a helper process of joblib was killed, most likely because memory ran out",
        "set n_jobs=1 for serving, or take a larger --instance-type; then finbehave deploy MODEL",
        "joblib's loky",
        0.88,
        raised=True,
    ),
    Signature(
        "out-of-memory",
        ("killed",),
        r"^(?:.{0,80}: line \d+:\s+\d+ )?(?-i:Killed)(?:\s{2,}.{1,200})?$",
        "a process was killed from outside, most likely because memory ran out",
        _MEMORY,
        "the shell",
        0.8,
    ),
    Signature(
        "out-of-memory",
        ("137",),
        r"(?:[Ee]xit(?:ed)?(?: with)?(?: \w+)? ?(?:code|status)|returned a non-zero code"
        r"|gunicorn/finish)[ :=]{1,3}137\b"
        r"|exited \(137\)",
        "the container was killed (exit code 137), most likely because memory ran out",
        _MEMORY,
        "128 + SIGKILL",
        0.75,
        unless_near=r"WORKER TIMEOUT \(pid|[Pp]robe failed|failed liveness",
    ),
    Signature(
        "segfault",
        (
            "sigsegv",
            "segmentation fault",
            "sigill",
            "illegal instruction",
            "sigbus",
            "sigabrt",
            "core dumped",
            "invalid pointer",
            "double free",
            "signal 11",
            "139",
            "access violation",
        ),
        r"was sent SIG(?P<signal>SEGV|ILL|BUS)|[Ss]egmentation fault|Illegal instruction|\bSIG(?P<signal2>SEGV)\b"
        r"|(?:signal|by signal) 11\b|core dumped|free\(\): invalid pointer|double free or corruption"
        r"|(?:[Ee]xit(?:ed)?(?: with)?(?: \w+)? ?(?:code|status)|gunicorn/finish)[ :=]{1,3}139\b|exited \(139\)"
        r"|was sent SIGABRT|SIGSEGV\(-11\)",
        "a process crashed in native code: compiled packages in the image do not fit each other or the model",
        _NATIVE,
        "gunicorn, the kernel, faulthandler",
        0.92,
        unless_near=r"WORKER TIMEOUT \(pid|std::bad_alloc",
    ),
    Signature(
        "init-timeout",
        ("worker timeout",),
        r"WORKER TIMEOUT \(pid:(?P<pid>\d+)\)",
        "a worker was stopped because init() took longer than the server waits",
        _SLOW_START,
        "gunicorn",
        0.9,
        phase=Phase.START,
        needs=("starting",),
    ),
    Signature(
        "scoring-timeout",
        ("worker timeout",),
        r"WORKER TIMEOUT \(pid:(?P<pid>\d+)\)",
        "a worker was stopped because one request took longer than the server waits",
        _SLOW_ANSWER,
        "gunicorn",
        0.85,
    ),
    Signature(
        "scoring-timeout",
        (
            "userscripttimeout",
            "within the allocated time",
            "scoring timeout after",
            "request_timeout_ms",
            "upstream request timeout",
            "upstream timed out",
            "request timed out",
            "408",
            "504",
        ),
        r"UserScriptTimeout|within the allocated time(?:: (?P<limit>\d+(?:\.\d+)?\s?ms))?"
        r"|Scoring timeout after (?P<limit2>[\d.]+ ms)"
        r"|(?:exceed|reach|over).{0,40}request_timeout_ms|upstream request timeout"
        r"|upstream timed out.{0,80}reading response"
        r"|(?:[Ss]tatus(?: ?code)?[:= ]{1,3}|HTTP(?:/\d\.\d)?\"? )(?:408|504)\b"
        r"|(?:GET|POST) /score\S* (?:HTTP/\d\.\d\" )?(?:408|504)\b"
        r"|\b408 Request Time|\b504 Gateway Time",
        ("a request took longer than it may ({limit})", "a request took longer than it may"),
        _SLOW_ANSWER,
        "azureml-inference-server-http, Azure's scoring front",
        0.93,
        near=(
            r"within the allocated time: (?P<limit>\d+(?:\.\d+)?\s?ms)",
            r"Scoring timeout after (?P<limit>[\d.]+ ms)",
        ),
    ),
    Signature(
        "init-timeout",
        ("ready in", "ready within", "ready after"),
        r"(?:did not become|was not|is not|never became) ready (?:with)?(?:in|after) (?P<limit>[\d.]+ ?(?:s|seconds"
        r"|minutes))\b",
        "the model had not come up after {limit}",
        _SLOW_START,
        "finbehave's supervisor",
        0.85,
        echo=True,
    ),
    Signature(
        "init-timeout",
        ("invoking user's init function",),
        r"Invoking user's init function",
        "init() did not come to its end: the platform gave up or the log ends before",
        _SLOW_START,
        "azureml-inference-server-http says when init() has ended",
        0.85,
        absent_after=_STARTED
        + r"|exiting|was sent SIG|exited with|Traceback \(most|WORKER TIMEOUT \(|Invoking user's init",
        present=r"[Pp]robe failed|UserContainerStart: (?:InProgress|Failed)|timed out|gunicorn/finish|SIGTERM"
        r"|Handling signal",
        echo=True,
    ),
    Signature(
        "init-timeout",
        ("invoking user's init function",),
        r"Invoking user's init function",
        "init() had not come to its end when the log was taken",
        _SLOW_START,
        "azureml-inference-server-http says when init() has ended",
        0.5,
        absent_after=r"\S",
        echo=True,
    ),
    Signature(
        "probe-misconfigured",
        ("probe failed",),
        r"(?P<probe>[Ll]iveness|[Rr]eadiness|[Ss]tartup) probe failed: .{0,80}(?:statuscode"
        r"|status code): (?P<status>404|405|400|401|403)",
        "the {probe} probe asks for something that the server does not have (status {status})",
        _PROBE,
        "Kubernetes' events",
        0.9,
    ),
    Signature(
        "probe-misconfigured",
        ("probe failed",),
        r"(?P<probe>[Ll]iveness|[Rr]eadiness|[Ss]tartup) probe failed: .{0,200}?:(?P<port>\d{2,5})\b.{0,80}(?:refused"
        r"|reset|EOF)",
        (
            "the {probe} probe asks port {port}, and the server listens on {listening}",
            "the {probe} probe asks port {port}, where nothing listens, although the server is up",
        ),
        _PROBE,
        "Kubernetes' events",
        0.88,
        needs=("served", "other_port"),
    ),
    Signature(
        "probe-misconfigured",
        ("probe failed",),
        r"(?P<probe>[Ll]iveness|[Rr]eadiness|[Ss]tartup) probe failed: ",
        "the {probe} probe fails although the server is up: its port, path or timeout does not fit",
        _PROBE,
        "Kubernetes' events",
        0.6,
        needs=("served",),
        present=r"UserContainerStart: (?:InProgress|Failed)|crashed or terminated|CrashLoopBackOff"
        r"|failed liveness probe",
        echo=True,
    ),
    Signature(
        "disk-full",
        (
            "no space left",
            "errno 28",
            "disk quota exceeded",
            "disk is full",
            "ephemeral-storage",
            "emptydir",
            "diskpressure",
            "diskfull",
        ),
        r"No space left on device|\[Errno 28\]|[Dd]isk quota exceeded|disk is full|low on resource: ephemeral-storage"
        r"|EmptyDir volume .{0,80}exceeds|DiskPressure|DiskFull: ",
        "the disk is full",
        _DISK,
        "the kernel, SQLite, Kubernetes",
        0.96,
    ),
)
