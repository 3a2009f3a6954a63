import { useMemo } from "react";
import css from "./chart.module.css";

export interface Series {
  name: string;
  /** A class that colours it. */
  look: "in" | "out" | "bad";
  values: number[];
}

interface Props {
  label: string;
  /** What each place on the horizontal axis is. */
  names: string[];
  series: Series[];
}

const WIDTH = 720;
const HEIGHT = 180;
const LEFT = 44;
const BOTTOM = 22;
const TOP = 8;
const LINES = 4;

/** A round number at or above, so that the axis reads well. */
export function ceiling(value: number): number {
  if (value <= LINES) return LINES;
  const size = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 4, 5, 8, 10].find((each) => each * size >= value) ?? 10;
  return step * size;
}

/** Lines over time, drawn by hand: a chart library would weigh more than the rest of the page. */
export function Chart({ label, names, series }: Props) {
  const most = ceiling(Math.max(0, ...series.flatMap((each) => each.values)));
  const x = (index: number) => LEFT + (index / Math.max(1, names.length - 1)) * (WIDTH - LEFT - 8);
  const y = (value: number) => TOP + (1 - value / most) * (HEIGHT - TOP - BOTTOM);
  const every = Math.max(1, Math.ceil(names.length / 8));
  const grid = useMemo(() => Array.from({ length: LINES + 1 }, (_, line) => (most / LINES) * line), [most]);
  return (
    <figure className={css.figure}>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className={css.chart} role="img" aria-label={label}>
        {grid.map((value) => (
          <g key={value}>
            <line className={css.grid} x1={LEFT} x2={WIDTH - 8} y1={y(value)} y2={y(value)} />
            <text className={css.axis} x={LEFT - 6} y={y(value) + 4} textAnchor="end">
              {value}
            </text>
          </g>
        ))}
        {names.map(
          (name, index) =>
            index % every === 0 && (
              <text
                key={`${name}-${index * every}`}
                className={css.axis}
                x={x(index)}
                y={HEIGHT - 5}
                textAnchor="middle"
              >
                {name}
              </text>
            ),
        )}
        {series.map((each) => (
          <polyline
            key={each.name}
            className={css[each.look]}
            points={each.values.map((value, index) => `${x(index)},${y(value)}`).join(" ")}
          />
        ))}
        {names.map((name, index) => (
          <rect
            key={`at-${name}-${index * 1}`}
            className={css.hit}
            x={x(index) - WIDTH / names.length / 2}
            width={WIDTH / names.length}
            y={TOP}
            height={HEIGHT - TOP - BOTTOM}
          >
            <title>{`${name}\n${series.map((each) => `${each.name}: ${each.values[index] ?? 0}`).join("\n")}`}</title>
          </rect>
        ))}
      </svg>
      <figcaption className="row wrap small">
        {series.map((each) => (
          <span key={each.name} className="row tight">
            <svg width="16" height="8" aria-hidden="true">
              <line className={css[each.look]} x1="0" x2="16" y1="4" y2="4" />
            </svg>
            {each.name}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}
