import type { TemplateCard } from '../../src/protocol/template-card'

/** One valid card of each type, with some optional fields. */
export const cards = {
  text_notice: {
    card_type: 'text_notice',
    main_title: { title: '部署完成', desc: '第 42 次' },
    emphasis_content: { title: '100', desc: '分' },
    card_action: { type: 1, url: 'https://example.com' },
    action_menu: { desc: '更多', action_list: [{ text: '静音', key: 'mute' }] },
    task_id: 'notice@1',
  },
  news_notice: {
    card_type: 'news_notice',
    main_title: { title: '早报' },
    card_image: { url: 'https://example.com/a.png', aspect_ratio: 1.5 },
    card_action: { type: 1, url: 'https://example.com' },
  },
  button_interaction: {
    card_type: 'button_interaction',
    main_title: { title: '部署？', desc: '第 42 次' },
    button_selection: {
      question_key: 'where',
      title: '环境',
      option_list: [{ id: 'test', text: '测试' }, { id: 'live', text: '生产' }],
    },
    button_list: [{ text: '是', style: 1, key: 'yes' }, { text: '否', style: 2, key: 'no' }],
    task_id: 'deploy-42@1',
  },
  vote_interaction: {
    card_type: 'vote_interaction',
    main_title: { title: '午饭', desc: '请选择' },
    checkbox: {
      question_key: 'lunch',
      mode: 1,
      option_list: [{ id: 'a', text: '面' }, { id: 'b', text: '饭', is_checked: true }, { id: 'c', text: '粥' }],
    },
    submit_button: { text: '投票', key: 'vote' },
    task_id: 'lunch@1',
  },
  multiple_interaction: {
    card_type: 'multiple_interaction',
    main_title: { title: '请假' },
    select_list: [
      { question_key: 'kind', title: '类型', option_list: [{ id: 'sick', text: '病假' }, { id: 'off', text: '年假' }] },
      { question_key: 'days', title: '天数', selected_id: '1', option_list: [{ id: '1', text: '一' }, { id: '2', text: '二' }] },
    ],
    submit_button: { text: '提交', key: 'send' },
    task_id: 'leave@1',
  },
} satisfies { [type in TemplateCard['card_type']]: TemplateCard & { card_type: type } }
