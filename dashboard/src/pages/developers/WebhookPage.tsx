import { Button, Menu, Modal, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { ChevronDown, FlaskConical, History, KeyRound, Pause, Pencil, Play, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { answer, api } from "~/api/client";
import { webhookQuery } from "~/api/queries";
import type { Webhook } from "~/api/types";
import { useI18n } from "~/i18n";
import { Confirm } from "~/ui/Confirm";
import { Copy } from "~/ui/Copy";
import { Facts } from "~/ui/Facts";
import { Notice } from "~/ui/Notice";
import { Page } from "~/ui/Page";
import { Loaded } from "~/ui/Status";
import { Ago } from "~/ui/Time";
import { toast } from "~/ui/toasts";
import { useAct } from "~/ui/useAct";
import { Deliveries } from "./Deliveries";
import { SecretOnce } from "./SecretOnce";
import { SuccessBars } from "./SuccessBars";
import { WebhookForm } from "./WebhookForm";
import { WebhookStateView } from "./WebhookStateView";

const route = getRouteApi("/app/developers/webhooks/$id");
const EVERY = 3_000;

export default function WebhookPage() {
  const { id } = route.useParams();
  // Its state follows from deliveries, of which no event tells.
  const webhook = useQuery({ ...webhookQuery(id), refetchInterval: EVERY });
  return <Loaded query={webhook}>{(found) => <Shown webhook={found} />}</Loaded>;
}

function Shown({ webhook }: { webhook: Webhook }) {
  const { t } = useI18n();
  return (
    <Page title={webhook.url} actions={<Actions webhook={webhook} />}>
      {webhook.message && <Notice tone={webhook.state === "disabled" ? "bad" : "warn"}>{webhook.message}</Notice>}
      <section className="card">
        <Facts
          facts={[
            [t("webhooks.state"), <WebhookStateView key="state" webhook={webhook} />],
            [t("webhooks.id"), <Copy key="id" text={webhook.id} />],
            [t("webhooks.events"), webhook.events.length > 0 ? webhook.events.join(", ") : t("webhooks.all")],
            webhook.headers.length > 0 && [t("webhooks.headers"), webhook.headers.join(", ")],
            webhook.next_attempt_at !== null && [
              t("webhooks.nextTry"),
              <Ago key="next" at={webhook.next_attempt_at} />,
            ],
            [t("webhooks.ordered"), webhook.ordered ? t("common.yes") : t("common.no")],
            [t("webhooks.replies"), webhook.replies ? t("common.yes") : t("common.no")],
          ]}
        />
      </section>
      <SuccessBars endpoint={webhook.id} />
      <Deliveries endpoint={webhook.id} />
    </Page>
  );
}

type Asked = "change" | "rotate" | "recover" | "remove" | null;

function Actions({ webhook }: { webhook: Webhook }) {
  const { t } = useI18n();
  const navigate = useNavigate();
  const [asked, setAsked] = useState<Asked>(null);
  const close = () => setAsked(null);
  const path = { params: { path: { id: webhook.id } } };
  const refresh = [["webhooks"], ["deliveries"]];

  const test = useAct(() => answer(api.POST("/v1/webhooks/{id}/test", path)), {
    done: t("webhooks.tested"),
    refresh,
    after: ({ id }) =>
      void navigate({ to: "/developers/webhooks/$id", params: { id: webhook.id }, search: { delivery: id } }),
  });
  const pause = useAct(() => answer(api.POST("/v1/webhooks/{id}/pause", path)), { refresh });
  const resume = useAct(() => answer(api.POST("/v1/webhooks/{id}/resume", path)), { refresh });
  const enable = useAct(() => answer(api.POST("/v1/webhooks/{id}/enable", path)), { refresh });
  const rotate = useAct(() => answer(api.POST("/v1/webhooks/{id}/rotate-secret", path)));
  const remove = useAct(() => answer(api.DELETE("/v1/webhooks/{id}", path)), {
    done: t("webhooks.removed"),
    refresh: [["webhooks"]],
    after: () => void navigate({ to: "/developers/webhooks" }),
  });
  return (
    <>
      <Button
        variant="default"
        leftSection={<FlaskConical size={15} />}
        onClick={() => test.mutate(undefined)}
        loading={test.isPending}
      >
        {t("webhooks.test")}
      </Button>
      {webhook.state === "disabled" && <Button onClick={() => enable.mutate(undefined)}>{t("webhooks.enable")}</Button>}
      {webhook.state === "paused" && (
        <Button leftSection={<Play size={15} />} onClick={() => resume.mutate(undefined)}>
          {t("webhooks.resume")}
        </Button>
      )}
      <Menu>
        <Menu.Target>
          <Button variant="default" rightSection={<ChevronDown size={15} />}>
            {t("common.moreActions")}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Pencil size={15} />} onClick={() => setAsked("change")}>
            {t("webhooks.change")}
          </Menu.Item>
          <Menu.Item leftSection={<KeyRound size={15} />} onClick={() => setAsked("rotate")}>
            {t("webhooks.rotate")}
          </Menu.Item>
          <Menu.Item leftSection={<History size={15} />} onClick={() => setAsked("recover")}>
            {t("webhooks.recover")}
          </Menu.Item>
          {(webhook.state === "active" || webhook.state === "failing") && (
            <Menu.Item leftSection={<Pause size={15} />} onClick={() => pause.mutate(undefined)}>
              {t("webhooks.pause")}
            </Menu.Item>
          )}
          <Menu.Item color="red" leftSection={<Trash2 size={15} />} onClick={() => setAsked("remove")}>
            {t("webhooks.remove")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {asked === "change" && <WebhookForm opened onClose={close} webhook={webhook} />}
      <Confirm
        opened={asked === "rotate"}
        onClose={close}
        title={t("webhooks.rotate")}
        action={t("webhooks.rotate")}
        onConfirm={() => rotate.mutate(undefined)}
      >
        {t("webhooks.rotateAbout")}
      </Confirm>
      <Modal
        opened={rotate.data !== undefined}
        onClose={rotate.reset}
        title={t("webhooks.rotate")}
        closeButtonProps={{ "aria-label": t("common.close") }}
      >
        {rotate.data && <SecretOnce secret={rotate.data.secret} onDone={rotate.reset} />}
      </Modal>
      <Recover opened={asked === "recover"} onClose={close} webhook={webhook} />
      <Confirm
        opened={asked === "remove"}
        onClose={close}
        title={t("webhooks.remove")}
        action={t("webhooks.remove")}
        typed={new URL(webhook.url).hostname}
        onConfirm={() => remove.mutate(undefined)}
      >
        {t("webhooks.removeAbout")}
      </Confirm>
    </>
  );
}

/** Makes up for a time in which the receiver was down. */
function Recover({ opened, onClose, webhook }: { opened: boolean; onClose: () => void; webhook: Webhook }) {
  const { t } = useI18n();
  const [since, setSince] = useState("");
  const recover = useAct(
    () =>
      answer(
        api.POST("/v1/webhooks/{id}/recover", {
          params: { path: { id: webhook.id } },
          body: { since: new Date(since).toISOString() },
        }),
      ),
    {
      refresh: [["deliveries"]],
      after: ({ missed, resent }) => {
        toast.ok(t("webhooks.recovered", { missed, resent }));
        onClose();
      },
    },
  );
  function submit(event: FormEvent) {
    event.preventDefault();
    recover.mutate(undefined);
  }
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t("webhooks.recover")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form className="stack" onSubmit={submit}>
        <p>{t("webhooks.recoverAbout")}</p>
        <TextInput
          type="datetime-local"
          label={t("webhooks.since")}
          value={since}
          onChange={(event) => setSince(event.currentTarget.value)}
          error={recover.error?.message}
          required
        />
        <div>
          <Button type="submit" loading={recover.isPending}>
            {t("webhooks.recover")}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
