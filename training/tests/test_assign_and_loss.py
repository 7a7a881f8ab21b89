import torch

from minspnet.assign import CANDIDATES, assign, pairwise_iou
from minspnet.heads import cell_centres
from minspnet.loss import detection_loss, giou_loss, parent_loss

CENTRES, STRIDES = cell_centres(64, 64)
COUNT = len(CENTRES)


def labels(boxes, classes):
    boxes = torch.tensor(boxes, dtype=torch.float32).reshape(1, -1, 4)
    return boxes, torch.tensor([classes]), torch.ones(1, len(classes))


def batch_of(boxes, classes, weights):
    return {
        "boxes": boxes,
        "classes": classes,
        "weights": weights,
        "ignored": torch.zeros(1, COUNT, dtype=torch.uint8),
    }


NOTHING = batch_of(torch.zeros(1, 1, 4), torch.tensor([[-1]]), torch.zeros(1, 1))


def test_iou_by_hand():
    a, b = torch.tensor([[[0.0, 0, 10, 10]]]), torch.tensor([[[5.0, 0, 15, 10], [20, 20, 30, 30]]])
    assert torch.allclose(pairwise_iou(a, b), torch.tensor([[[50 / 150, 0]]]))


def test_giou_by_hand():
    a = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 10]])
    b = torch.tensor([[0.0, 0, 10, 10], [20, 0, 30, 10]])
    # Apart: IoU 0, hull 300, union 200, so the loss is 1 + 100 / 300.
    assert torch.allclose(giou_loss(a, b), torch.tensor([0.0, 1 + 100 / 300]), atol=1e-5)


def test_the_cells_that_do_best_answer_for_a_box():
    boxes, classes, _ = labels([[8, 8, 40, 40]], [2])
    predicted = torch.zeros(1, COUNT, 4)
    inside = ((CENTRES > 8) & (CENTRES < 40)).all(1)
    predicted[0, inside] = torch.tensor([8.0, 8, 24, 24])  # a quarter of the box
    good = int(torch.where(inside)[0][5])
    predicted[0, good] = boxes[0, 0]
    scores = torch.full((1, COUNT, 8), 0.25)
    wished, owner, positive = assign(scores, predicted, boxes, classes, CENTRES, STRIDES)
    assert positive[0, good] and owner[0, good] == 0
    assert not positive[0, ~inside].any()
    # The best cell is wished as high as it overlaps; the others by their alignment (IoU³) beside its.
    assert torch.isclose(wished[0, good, 2], torch.tensor(1.0), atol=1e-4)
    other = int(torch.where(positive[0] & (torch.arange(COUNT) != good))[0][0])
    assert torch.isclose(wished[0, other, 2], torch.tensor(0.25**3), atol=1e-4)
    assert wished[..., [0, 1, 3, 4, 5, 6, 7]].sum() == 0


def test_no_box_gets_more_cells_than_candidates_when_they_differ():
    boxes, classes, _ = labels([[0, 0, 64, 64]], [0])
    predicted = boxes[:, :1].expand(1, COUNT, 4) * torch.linspace(0.5, 1, COUNT)[None, :, None]
    _, _, positive = assign(torch.full((1, COUNT, 8), 0.1), predicted, boxes, classes, CENTRES, STRIDES)
    assert positive.sum() == CANDIDATES


def test_a_box_smaller_than_a_cell_still_gets_one():
    boxes, classes, _ = labels([[15, 15, 17, 17]], [0])  # between the centres 12 and 20
    _, _, positive = assign(
        torch.full((1, COUNT, 8), 0.1), torch.zeros(1, COUNT, 4), boxes, classes, CENTRES, STRIDES
    )
    assert positive.any()


def test_a_cell_wanted_twice_goes_to_the_box_it_overlaps_most():
    boxes, classes, _ = labels([[0, 0, 32, 32], [0, 0, 24, 24]], [1, 3])
    predicted = boxes[:, 1:2].expand(1, COUNT, 4)
    _, owner, positive = assign(torch.full((1, COUNT, 8), 0.1), predicted, boxes, classes, CENTRES, STRIDES)
    both = (CENTRES < 24).all(1) & positive[0]
    assert both.any() and (owner[0, both] == 1).all()


def test_an_empty_picture_costs_classes_but_no_boxes():
    logits = torch.full((1, COUNT, 8), -2.0, requires_grad=True)
    class_loss, box_loss, _ = detection_loss(logits, torch.zeros(1, COUNT, 4), NOTHING, CENTRES, STRIDES)
    assert class_loss > 0 and box_loss == 0


def test_a_perfect_answer_costs_next_to_nothing():
    boxes, classes, weights = labels([[8, 8, 40, 40]], [2])
    batch = batch_of(boxes, classes, weights)
    right = torch.full((1, COUNT, 8), -12.0)
    predicted = torch.zeros(1, COUNT, 4)
    chosen = torch.where(((CENTRES > 8) & (CENTRES < 40)).all(1))[0][:CANDIDATES]
    right[0, chosen, 2] = 12.0
    predicted[0, chosen] = boxes[0, 0]
    wrong = torch.full((1, COUNT, 8), -12.0)
    wrong[0, chosen, 3] = 12.0
    good = detection_loss(right, predicted, batch, CENTRES, STRIDES)
    bad = detection_loss(wrong, predicted, batch, CENTRES, STRIDES)
    assert good[0] < 1e-2 and good[1] < 1e-3 and bad[0] > 1


def test_ignored_cells_have_no_negative_loss_for_their_class_only():
    batch = NOTHING | {"ignored": torch.full((1, COUNT), 1 << 4, dtype=torch.uint8)}
    logits = torch.zeros(1, COUNT, 8, requires_grad=True)
    detection_loss(logits, torch.zeros(1, COUNT, 4), batch, CENTRES, STRIDES)[0].backward()
    assert logits.grad[..., 4].abs().max() == 0
    assert (logits.grad[..., [0, 1, 2, 3, 5, 6, 7]] > 0).all()


def test_a_labels_weight_weighs_and_does_not_cap():
    """Of two boxes, that of the surer teacher counts for more; both cells are wished what they overlap."""
    boxes, classes, _ = labels([[0, 0, 24, 24], [32, 32, 56, 56]], [2, 2])
    batch = batch_of(boxes, classes, torch.tensor([[1.0, 0.4]]))
    cells = [int(((CENTRES - place).abs().sum(1) + (STRIDES - 8)).argmin()) for place in (12.0, 44.0)]
    predicted = torch.zeros(1, COUNT, 4)
    predicted[0, cells] = boxes[0]
    logits = torch.zeros(1, COUNT, 8, requires_grad=True)
    class_loss, _, wished = detection_loss(logits, predicted, batch, CENTRES, STRIDES)
    class_loss.backward()
    assert torch.allclose(wished[0, cells, 2], torch.ones(2), atol=1e-4)
    assert torch.isclose(logits.grad[0, cells[1], 2], 0.4 * logits.grad[0, cells[0], 2], rtol=1e-3)


def test_a_parent_pulls_but_not_against_labels():
    wished, labelled = torch.zeros(1, COUNT, 8), torch.zeros(1, COUNT, 8)
    wished[0, 3, 6] = 0.8
    labelled[0, 5, 2] = 0.9  # the parent saw nothing there; people did
    boxes = torch.zeros(1, COUNT, 4)
    boxes[0, 3] = torch.tensor([0.0, 0, 20, 20])
    logits = torch.zeros(1, COUNT, 8, requires_grad=True)
    predicted = torch.zeros(1, COUNT, 4) + torch.tensor([0.0, 0, 10, 10])
    class_loss, box_loss = parent_loss(logits, predicted, wished, boxes, labelled)
    class_loss.backward()
    assert logits.grad[0, 3, 6] < 0 < logits.grad[0, 3, 5]
    assert logits.grad[0, 5, 2] < 0 < logits.grad[0, 5, 3]
    assert torch.isclose(box_loss, torch.tensor(0.75 * 0.8), atol=1e-3)
