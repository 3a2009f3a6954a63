import { Button, Modal, MultiSelect, Select, Switch, TagsInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { answer, api } from "~/api/client";
import { devicesQuery } from "~/api/queries";
import { useI18n } from "~/i18n";
import { Code } from "~/ui/Code";
import { Notice } from "~/ui/Notice";
import { useAct } from "~/ui/useAct";
import { useFields } from "~/ui/useFields";

const DAY = 86_400;
const LIVES = ["0", "30", "90", "365"] as const;
const EMPTY = {
  name: "",
  test: false,
  admin: false,
  device_ids: [] as string[],
  allow_ips: [] as string[],
  days: "0",
};

export function NewKey({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useI18n();
  const devices = useQuery(devicesQuery);
  const form = useFields(EMPTY);
  const { test, admin, device_ids, allow_ips, days } = form.values;

  const make = useAct(
    () => {
      const body = {
        name: form.values.name,
        test,
        scopes: admin ? (["messages", "admin"] as const) : (["messages"] as const),
        device_ids,
        allow_ips,
        ...(days !== "0" && { expires_in: Number(days) * DAY }),
      };
      return answer(api.POST("/v1/api-keys", { body: { ...body, scopes: [...body.scopes] } }));
    },
    { form, refresh: [["keys"], ["checklist"]] },
  );
  function close() {
    make.reset();
    form.setValues(EMPTY);
    form.clear();
    onClose();
  }
  function submit(event: FormEvent) {
    event.preventDefault();
    make.mutate(undefined);
  }
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={t("keys.make")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      {make.data ? (
        <div className="stack">
          <Notice tone="warn">{t("keys.once")}</Notice>
          <Code text={make.data.key} label={t("keys.key")} />
          <p className="small dim">{t("keys.neverInBrowser")}</p>
          <div>
            <Button onClick={close}>{t("common.done")}</Button>
          </div>
        </div>
      ) : (
        <form className="stack" onSubmit={submit}>
          <TextInput label={t("common.name")} {...form.text("name")} required data-autofocus />
          <Switch
            label={t("keys.asTest")}
            description={t("keys.asTestAbout")}
            checked={test}
            onChange={(event) => form.set("test", event.currentTarget.checked)}
          />
          <Switch
            label={t("keys.asAdmin")}
            description={t("keys.asAdminAbout")}
            checked={admin}
            onChange={(event) => form.set("admin", event.currentTarget.checked)}
          />
          <MultiSelect
            label={t("keys.onlyDevices")}
            description={t("keys.onlyDevicesAbout")}
            data={(devices.data ?? [])
              .filter((device) => device.sandbox === test)
              .map(({ id, name }) => ({ value: id, label: name }))}
            value={device_ids}
            onChange={(value) => form.set("device_ids", value)}
            error={form.error("device_ids")}
          />
          <TagsInput
            label={t("keys.onlyIps")}
            description={t("keys.onlyIpsAbout")}
            placeholder="203.0.113.0/24"
            value={allow_ips}
            onChange={(value) => form.set("allow_ips", value)}
            error={form.error("allow_ips")}
          />
          <Select
            label={t("keys.life")}
            data={LIVES.map((value) => ({
              value,
              label: value === "0" ? t("keys.forever") : t("keys.days", { count: Number(value) }),
            }))}
            value={days}
            onChange={(value) => form.set("days", value ?? "0")}
            error={form.error("expires_in")}
          />
          <div>
            <Button type="submit" loading={make.isPending}>
              {t("keys.make")}
            </Button>
          </div>
        </form>
      )}
    </Modal>
  );
}
