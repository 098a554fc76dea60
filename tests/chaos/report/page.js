/** Runs in the report's page: draws its data with uPlot, and the faults as bands behind the lines. */
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const HEIGHT = 300;
  const charts = [];

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const clock = (seconds) =>
    `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
  const duration = (ms) => (ms >= 1000 ? `${+(ms / 1000).toFixed(1)} s` : `${+ms.toFixed(1)} ms`);

  /** Behind the lines; the one under the cursor is named above the plot. */
  function bands() {
    let label;
    return {
      hooks: {
        init: (plot) => {
          label = document.createElement('div');
          label.className = 'band-name';
          label.hidden = true;
          plot.over.append(label);
        },
        drawClear: (plot) => {
          const { ctx, bbox } = plot;
          ctx.save();
          for (const { from, to, isWrong } of data.bands) {
            const left = plot.valToPos(from, 'x', true);
            const right = plot.valToPos(to, 'x', true);
            const [start, end] = [
              Math.max(left, bbox.left),
              Math.min(right, bbox.left + bbox.width),
            ];
            if (end <= start) continue;
            ctx.fillStyle = colour(isWrong ? '--band-wrong' : '--band');
            ctx.fillRect(start, bbox.top, Math.max(end - start, 2), bbox.height);
          }
          ctx.restore();
        },
        setCursor: (plot) => {
          const { left } = plot.cursor;
          const at = left >= 0 ? plot.posToVal(left, 'x') : undefined;
          const band = data.bands.find(({ from, to }) => at >= from && at <= to);
          label.hidden = band === undefined;
          if (band === undefined) return;
          label.textContent = `${band.fault} · ${band.victims}`;
          const width = plot.over.clientWidth;
          label.style.left = left > width / 2 ? '' : `${left + 8}px`;
          label.style.right = left > width / 2 ? `${width - left + 8}px` : '';
        },
      },
    };
  }

  function axis(more) {
    return {
      stroke: colour('--faint'),
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { stroke: colour('--line'), width: 1 },
      ...more,
    };
  }

  function draw(id, options, columns) {
    const place = document.getElementById(id);
    const chart = new uPlot(
      {
        width: place.clientWidth,
        height: HEIGHT,
        cursor: { sync: { key: 'time' }, y: false },
        ...options,
        plugins: [bands()],
      },
      columns,
      place,
    );
    charts.push({ chart, place });
  }

  const time = { label: 'time', value: (_, seconds) => (seconds === null ? '' : clock(seconds)) };
  const line = (label, name, more) => ({
    label,
    stroke: colour(name),
    width: 1.6,
    points: { show: data.seconds.length < 3 },
    ...more,
  });
  const timeAxis = () =>
    axis({
      values: (_, ticks) => ticks.map(clock),
      space: 70,
      incrs: [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 36_000],
    });

  function drawAll() {
    for (const { chart } of charts.splice(0)) chart.destroy();
    draw(
      'throughput',
      {
        scales: {
          x: { time: false },
          starts: { range: (_, __, most) => [0, Math.max(most, 1) * 1.1] },
        },
        axes: [
          timeAxis(),
          axis({ label: 'writes per second', stroke: colour('--blue'), size: 70 }),
          axis({
            label: 'starts of tasks per second',
            scale: 'starts',
            side: 1,
            stroke: colour('--orange'),
            grid: { show: false },
          }),
        ],
        series: [
          time,
          line('writes', '--blue', { value: (_, count) => (count === null ? '–' : `${count}/s`) }),
          line('starts of tasks', '--orange', {
            scale: 'starts',
            value: (_, count) => (count === null ? '–' : `${count}/s`),
          }),
        ],
      },
      [data.seconds, data.writes, data.starts],
    );
    draw(
      'latency',
      {
        scales: { x: { time: false }, y: { distr: 3 } },
        axes: [
          timeAxis(),
          axis({
            size: 70,
            // One line for each power of ten.
            filter: (_, ticks) => ticks.map((ms) => (Number.isInteger(Math.log10(ms)) ? ms : null)),
            grid: { stroke: colour('--line'), width: 1, filter: (_, ticks) => ticks },
            values: (_, ticks) => ticks.map((ms) => (ms === null ? null : duration(ms))),
          }),
        ],
        series: [
          time,
          line('median', '--blue', { value: (_, ms) => (ms === null ? '–' : duration(ms)) }),
          line('slowest', '--orange', { value: (_, ms) => (ms === null ? '–' : duration(ms)) }),
        ],
      },
      [data.seconds, data.medianMs, data.slowestMs],
    );
  }

  drawAll();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
  addEventListener('resize', () => {
    for (const { chart, place } of charts)
      chart.setSize({ width: place.clientWidth, height: HEIGHT });
  });
})();
