import { convertCssVariables, DEFAULT_THEME, defaultCssVariablesResolver, mergeMantineTheme } from "@mantine/core";
import { theme, variables } from "./theme.ts";

/** The theme's variables as a style sheet; made at build time, see vite.config.ts. */
export function themeCss(): string {
  const whole = mergeMantineTheme(DEFAULT_THEME, theme);
  const theirs = defaultCssVariablesResolver(whole);
  const ours = variables(whole);
  return convertCssVariables({
    variables: { ...theirs.variables, ...ours.variables },
    light: { ...theirs.light, ...ours.light },
    dark: { ...theirs.dark, ...ours.dark },
  });
}
