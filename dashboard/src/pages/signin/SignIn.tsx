import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { answer, api } from "~/api/client";
import { ApiError } from "~/api/errors";
import { sessionQuery } from "~/api/queries";
import { useI18n } from "~/i18n";
import { Notice } from "~/ui/Notice";
import { said } from "~/ui/said";
import { useFields } from "~/ui/useFields";
import { Door } from "./Door";

export function SignIn() {
  const { t, setLanguage } = useI18n();
  const client = useQueryClient();
  const form = useFields({ email: "", password: "", code: "" });
  const [withCode, setWithCode] = useState(false);

  const signIn = useMutation({
    mutationFn: () => {
      const { email, password, code } = form.values;
      return answer(api.POST("/v1/session", { body: { email, password, ...(withCode && { code }) } }));
    },
    onSuccess: (session) => {
      setLanguage(session.user.language);
      client.setQueryData(sessionQuery.queryKey, session);
    },
    onError: (error) => {
      form.failed(error);
      if (error instanceof ApiError && error.code === "totp_required") setWithCode(true);
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    signIn.mutate();
  }
  const askedForCode = signIn.error instanceof ApiError && signIn.error.code === "totp_required" && !form.values.code;
  return (
    <Door title={t("signin.title")}>
      <form className="stack" onSubmit={submit}>
        <TextInput label={t("signin.email")} {...form.text("email")} autoComplete="username" required autoFocus />
        <PasswordInput
          label={t("signin.password")}
          {...form.text("password")}
          autoComplete="current-password"
          visibilityToggleButtonProps={{ "aria-label": t("signin.showPassword") }}
          required
        />
        {withCode && (
          <TextInput
            label={t("signin.code")}
            description={t("signin.codeAbout")}
            {...form.text("code")}
            autoComplete="one-time-code"
            autoCapitalize="off"
            spellCheck={false}
            required
            autoFocus
          />
        )}
        {signIn.error && !askedForCode && (
          <div role="alert">
            <Notice tone="bad">{said(signIn.error, t)}</Notice>
          </div>
        )}
        <Button type="submit" loading={signIn.isPending}>
          {t("signin.submit")}
        </Button>
        <p className="small dim">{t("signin.help")}</p>
      </form>
    </Door>
  );
}
