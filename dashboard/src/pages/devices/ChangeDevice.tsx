import { Button, Modal, TextInput } from "@mantine/core";
import type { FormEvent } from "react";
import { answer, api } from "~/api/client";
import type { Device } from "~/api/types";
import { CHANNEL } from "~/domain/channels";
import { useI18n } from "~/i18n";
import { useAct } from "~/ui/useAct";
import { useFields } from "~/ui/useFields";
import { SettingField, type SettingValues } from "./SettingField";

interface Props {
  device: Device;
  onClose: () => void;
}

/** A device's name, and new secrets in the place of old ones; a field left empty leaves what is there. */
export function ChangeDevice({ device, onClose }: Props) {
  const { t } = useI18n();
  // An id says which account it is: another account is another device.
  const renewable = device.sandbox ? [] : CHANNEL[device.channel].settings.filter(({ secret }) => secret);
  const form = useFields<SettingValues>({ name: device.name });
  const change = useAct(
    () => {
      const given = renewable
        .map(({ name }) => [name, String(form.values[name] ?? "").trim()] as const)
        .filter(([, value]) => value !== "");
      const body = {
        name: String(form.values.name),
        ...(given.length > 0 && { settings: Object.fromEntries(given) }),
      };
      return answer(api.PATCH("/v1/devices/{id}", { params: { path: { id: device.id } }, body }));
    },
    { form, done: t("devices.changed"), refresh: [["devices"]], after: onClose },
  );
  function submit(event: FormEvent) {
    event.preventDefault();
    form.clear();
    change.mutate(undefined);
  }
  return (
    <Modal opened onClose={onClose} title={t("devices.change")} closeButtonProps={{ "aria-label": t("common.close") }}>
      <form className="stack" onSubmit={submit}>
        <TextInput label={t("devices.name")} {...form.text("name")} maxLength={100} required data-autofocus />
        {renewable.length > 0 && <p className="small dim">{t("devices.renewAbout")}</p>}
        {renewable.map((setting) => (
          <SettingField key={setting.name} setting={setting} form={form} />
        ))}
        <div>
          <Button type="submit" loading={change.isPending}>
            {t("common.save")}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
