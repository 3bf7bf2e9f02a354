"""Bring a stack up, step by step, and take it down again, whatever happened in between."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from local.stack import aws, catalogue, pid_file, processes, secrets, survey
from local.stack.cdk import CONTEXT_VARIABLE, Cdk
from local.stack.home import Home
from local.stack.mending import mend
from local.stack.plan import Action, decide
from local.stack.processes import Process
from local.stack.servers import Launcher, Servers
from local.stack.stackfile import Stack, api_address, describe
from local.terminal import Progress


@dataclass(slots=True)
class Supervisor:
    """Works on the stack of one home."""

    home: Home
    progress: Progress
    environ: Mapping[str, str]
    verbose: bool = False
    _started: list[Process] = field(default_factory=list)

    def running(self) -> Stack | None:
        """The stack, if it was brought up to the end and all of it runs."""
        found = survey.take(self.home)
        return Stack.load(self.home) if decide(found).action is Action.NOTHING else None

    def up(self) -> Stack:
        """Mend what died; or start, deploy and seed, with what was kept.

        On any failure, and on Ctrl-C, nothing that was started here is left running.
        """
        self.home.create()
        with pid_file.exclusive(self.home):
            plan = decide(survey.take(self.home))
            for word in plan.words:
                self.progress.terminal.line(f"  {word}")
            match plan.action:
                case Action.NOTHING:
                    return Stack.load(self.home)
                case Action.MEND:
                    return mend(self.home, self.progress, self.environ, plan.mended)
                case Action.BRING_UP:
                    return self._replace()

    def down(self, *, forget: bool = False) -> list[str]:
        """Stop what was started, by this program or another; the names of what still ran.

        Args:
            forget: give up what was kept, too.
        """
        if not self.home.folder.exists():
            return []
        self.home.create()
        with pid_file.exclusive(self.home):
            stopped = self._stop(self._started or pid_file.read(self.home))
            if forget:
                self.home.forget()
            return stopped

    def redeploy(self, stack: Stack) -> None:
        """Put the code as it is now onto the running stack."""
        cdk = self._cdk(stack.aws.endpoint_url, stack.qstash["url"])
        if "qstash" not in stack.pids:
            cdk = replace(cdk, webhook_base_url=stack.api_url)
        self._synth(cdk)
        aws.begin_deployment(stack.aws.endpoint_url)
        # A stack from before there was this key has none.
        secrets.order_id_key(aws.client("ssm", stack.aws.endpoint_url))
        self._deploy(cdk)
        aws.keep(stack.aws.endpoint_url)

    def seed(self, stack: Stack) -> None:
        """Add the catalogue's products that are missing."""
        with self.progress.step("seed the catalogue") as step:
            dynamodb = aws.client("dynamodb", stack.aws.endpoint_url)
            added = catalogue.seed(dynamodb, stack.tables["stock"], lambda: datetime.now(UTC))
            step.note(f"{added} of {len(catalogue.CATALOGUE)} products added")

    def _replace(self) -> Stack:
        self._stop(pid_file.read(self.home))
        if not survey.take(self.home).is_kept:
            # What an `up` that never came to its end left; messages to functions that are no more.
            self.home.forget_state()
        try:
            return self._bring_up()
        except BaseException:
            self._stop(self._started)
            raise

    def _bring_up(self) -> Stack:
        servers = Launcher(self.home, self.progress, self.environ, self._remember).start()
        aws.begin_deployment(servers.aws_url)
        checkout_key = self._put_secrets(servers)
        cdk = self._cdk(servers.aws_url, servers.qstash.url)
        self._synth(cdk)
        with self.progress.step("cdk bootstrap"):
            cdk.bootstrap()
        outputs = self._deploy(cdk)
        if not servers.qstash_is_ours:
            self._deploy_for_foreign_qstash(servers, outputs)
        stack = describe(
            outputs,
            endpoint_url=servers.aws_url,
            qstash=servers.qstash,
            redis_url=servers.redis_url,
            checkout_key=checkout_key,
            pids={process.name: process.pid for process in self._started},
        )
        self.seed(stack)
        aws.keep(servers.aws_url)
        stack.save(self.home.stack_file)
        return stack

    def _deploy_for_foreign_qstash(self, servers: Servers, outputs: dict[str, str]) -> None:
        """Make events go to the API's webhook paths, which are plain addresses on this machine.

        Only our dev server can be told where function URLs lead; and where the API is, is known
        only after the first deployment.
        """
        base = api_address(outputs)
        cdk = replace(self._cdk(servers.aws_url, servers.qstash.url), webhook_base_url=base)
        self._synth(cdk)
        self._deploy(cdk)

    def _put_secrets(self, servers: Servers) -> str:
        """Write all secrets; the key that signs checkouts, which the shop's server needs, too."""
        values = {
            "QSTASH_TOKEN": servers.qstash.token,
            "QSTASH_CURRENT_SIGNING_KEY": servers.qstash.current_signing_key,
            "QSTASH_NEXT_SIGNING_KEY": servers.qstash.next_signing_key,
            "REDIS_URL": servers.redis_url,
        }
        with self.progress.step(f"{len(values) + 2} secrets as SSM parameters"):
            ssm = aws.client("ssm", servers.aws_url)
            secrets.put(ssm, values)
            secrets.order_id_key(ssm)
            return secrets.request_key(ssm)

    def _cdk(self, endpoint_url: str, qstash_url: str) -> Cdk:
        facts = self.environ.get(CONTEXT_VARIABLE, "")
        return Cdk(self.home, endpoint_url, qstash_url, facts=facts, verbose=self.verbose)

    def _synth(self, cdk: Cdk) -> None:
        with self.progress.step("cdk synth"):
            cdk.synth()

    def _deploy(self, cdk: Cdk) -> dict[str, str]:
        with self.progress.step("cdk deploy --all"):
            return cdk.deploy()

    def _remember(self, process: Process) -> None:
        self._started.append(process)
        pid_file.write(self.home, self._started)

    def _stop(self, known: Sequence[Process]) -> list[str]:
        # First the command that works on the others.
        stopped = processes.stop(pid_file.abandoned_command(self.home), self.home)
        pid_file.end_command(self.home)
        stopped += processes.stop(known, self.home)
        self.home.stack_file.unlink(missing_ok=True)
        pid_file.forget(self.home)
        # The emulator unpacks every function and layer there, once per worker. Something that
        # cannot be removed must not make a stopped stack look as if it were not.
        shutil.rmtree(self.home.scratch, ignore_errors=True)
        self.home.scratch.mkdir(mode=0o700)
        self._started.clear()
        return stopped
