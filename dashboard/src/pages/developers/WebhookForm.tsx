import { Button, Modal, MultiSelect, Select, Switch, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { answer, api } from "~/api/client";
import { devicesQuery } from "~/api/queries";
import type { EventType, Webhook } from "~/api/types";
import { useI18n } from "~/i18n";
import { useAct } from "~/ui/useAct";
import { useFields } from "~/ui/useFields";
import { SecretOnce } from "./SecretOnce";

const EVENTS: readonly (EventType | "message.*")[] = [
  "message.received",
  "message.sent",
  "message.delivered",
  "message.read",
  "message.failed",
  "message.unknown",
  "message.echo",
  "message.*",
  "session.state",
  "endpoint.disabled",
];
const EVERY_DEVICE = "all";

interface Props {
  opened: boolean;
  onClose: () => void;
  /** The endpoint to change; a new one without. */
  webhook?: Webhook;
}

export function WebhookForm({ opened, onClose, webhook }: Props) {
  const { t } = useI18n();
  const navigate = useNavigate();
  const devices = useQuery(devicesQuery);
  const form = useFields({
    url: webhook?.url ?? "",
    events: webhook?.events ?? [],
    device: webhook?.device_id ?? EVERY_DEVICE,
    ordered: webhook?.ordered ?? false,
    replies: webhook?.replies ?? false,
  });
  const { url, events, device, ordered, replies } = form.values;

  const save = useAct(
    async () => {
      const body = { url, events, ordered, replies };
      const only = device === EVERY_DEVICE ? null : device;
      if (!webhook) return answer(api.POST("/v1/webhooks", { body: { ...body, device_id: only } }));
      // In a change, what is null stays as it is; every device is the empty text.
      const changed = { ...body, device_id: only ?? "" };
      await answer(api.PATCH("/v1/webhooks/{id}", { params: { path: { id: webhook.id } }, body: changed }));
      return null;
    },
    {
      done: webhook ? t("webhooks.saved") : undefined,
      refresh: [["webhooks"], ["checklist"]],
      form,
      after: (made) => {
        if (!made) onClose();
      },
    },
  );
  function close() {
    const made = save.data;
    save.reset();
    onClose();
    if (made) void navigate({ to: "/developers/webhooks/$id", params: { id: made.id }, search: {} });
  }
  function submit(event: FormEvent) {
    event.preventDefault();
    save.mutate(undefined);
  }
  const title = webhook ? t("webhooks.change") : t("webhooks.add");
  return (
    <Modal opened={opened} onClose={close} title={title} closeButtonProps={{ "aria-label": t("common.close") }}>
      {save.data ? (
        <SecretOnce secret={save.data.secret} onDone={close} />
      ) : (
        <form className="stack" onSubmit={submit}>
          <TextInput
            label={t("webhooks.url")}
            description={t("webhooks.urlAbout")}
            placeholder="https://contoh.com/webhook"
            {...form.text("url")}
            required
            data-autofocus
          />
          <MultiSelect
            label={t("webhooks.events")}
            description={t("webhooks.eventsAbout")}
            data={[...EVENTS]}
            value={events}
            onChange={(value) => form.set("events", value)}
            placeholder={events.length === 0 ? t("webhooks.all") : undefined}
            error={form.error("events")}
          />
          <Select
            label={t("webhooks.device")}
            data={[
              { value: EVERY_DEVICE, label: t("webhooks.everyDevice") },
              ...(devices.data ?? []).map(({ id, name }) => ({ value: id, label: name })),
            ]}
            value={device}
            onChange={(value) => form.set("device", value ?? EVERY_DEVICE)}
            error={form.error("device_id")}
          />
          <Switch
            label={t("webhooks.ordered")}
            description={t("webhooks.orderedAbout")}
            checked={ordered}
            onChange={(event) => form.set("ordered", event.currentTarget.checked)}
          />
          <Switch
            label={t("webhooks.replies")}
            description={t("webhooks.repliesAbout")}
            checked={replies}
            onChange={(event) => form.set("replies", event.currentTarget.checked)}
          />
          <div>
            <Button type="submit" loading={save.isPending}>
              {webhook ? t("common.save") : t("webhooks.add")}
            </Button>
          </div>
        </form>
      )}
    </Modal>
  );
}
