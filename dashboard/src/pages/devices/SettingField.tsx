import { PasswordInput, Select, TextInput } from "@mantine/core";
import type { Setting } from "~/domain/channels";
import { useI18n } from "~/i18n";
import type { useFields } from "~/ui/useFields";

export type SettingValues = Record<string, string | boolean>;

const LOGINS: Record<string, string> = { facebook: "Facebook", instagram: "Instagram" };

interface Props {
  setting: Setting;
  form: ReturnType<typeof useFields<SettingValues>>;
  required?: boolean;
}

/** One of the texts that a channel's settings are made of. Secrets are written, never shown. */
export function SettingField({ setting, form, required = false }: Props) {
  const { t } = useI18n();
  const field = `settings.${setting.name}`;
  const shared = { label: t(setting.label), description: t(setting.about), required };
  if (setting.choices)
    return (
      <Select
        {...shared}
        data={setting.choices.map((value) => ({ value, label: LOGINS[value] ?? value }))}
        value={String(form.values[setting.name] ?? "")}
        onChange={(value) => form.set(setting.name, value ?? "")}
        error={form.error(field)}
      />
    );
  if (setting.secret)
    return (
      <PasswordInput
        {...shared}
        {...form.text(setting.name, field)}
        autoComplete="off"
        visibilityToggleButtonProps={{ "aria-label": t("signin.showPassword") }}
      />
    );
  return <TextInput {...shared} {...form.text(setting.name, field)} />;
}
