(* The verdict of a rung from its gates: KILLED before INCONCLUSIVE before INCOMPLETE before VACUOUS before SURVIVED.
   That is a total order, and the verdict is the first in it of what the gates, missing cells and noise each say. It
   does not depend on the order of gates; KILLED is said exactly where a gate is killed, whatever else is measured or
   missing; SURVIVED exactly where nothing objects; no further gate makes a verdict better; a gate kills only if its
   instruments are sound and its cells are all there.
   Matters for: reports/judge/decision.py, whose `decide` reads as the one below; reports/judge/test_algebra.py
   samples it. *)
From Coq Require Import List Lia Arith Permutation.
Import ListNotations.

Inductive status := Met | Killed | Inconclusive | NotRun.
Inductive verdict := KILLED | INCONCLUSIVE | INCOMPLETE | VACUOUS | SURVIVED.
Definition status_eq_dec (a b : status) : {a = b} + {a <> b}.
Proof. decide equality. Defined.
Definition has s (gates : list status) := if in_dec status_eq_dec s gates then true else false.

(* reports/judge/decision.py, decide *)
Definition decide (gates : list status) (missing noise_survives : bool) : verdict :=
  if has Killed gates then KILLED
  else if has Inconclusive gates then INCONCLUSIVE
  else if missing then INCOMPLETE
  else if noise_survives then VACUOUS
  else SURVIVED.
Definition rank v := match v with KILLED => 0 | INCONCLUSIVE => 1 | INCOMPLETE => 2 | VACUOUS => 3 | SURVIVED => 4
  end.
Definition before v w := rank v <= rank w.

Theorem verdicts_are_totally_ordered :
  (forall v, before v v) /\ (forall v w, before v w -> before w v -> v = w) /\
  (forall u v w, before u v -> before v w -> before u w) /\ (forall v w, before v w \/ before w v).
Proof.
  unfold before. repeat split; intros; try lia.
  destruct v, w; simpl in *; auto; lia.
Qed.

(* what each part of a rung says of the whole; the verdict is the first of them in that order *)
Definition of_status s := match s with Killed => KILLED | Inconclusive => INCONCLUSIVE | _ => SURVIVED end.
Definition first v w := if Nat.leb (rank v) (rank w) then v else w.
Definition parts gates (missing noise_survives : bool) :=
  map of_status gates ++ (if missing then [INCOMPLETE] else []) ++ (if noise_survives then [VACUOUS] else []).

Lemma has_in s gates : has s gates = true <-> In s gates.
Proof. unfold has. destruct (in_dec status_eq_dec s gates); split; intros; auto; discriminate. Qed.

Lemma has_cons s g gates : has s (g :: gates) = true <-> g = s \/ has s gates = true.
Proof. rewrite !has_in. simpl. tauto. Qed.

Theorem verdict_is_the_first_of_its_parts gates missing noise :
  decide gates missing noise = fold_right first SURVIVED (parts gates missing noise).
Proof.
  unfold parts. induction gates as [|g gates IH].
  - destruct missing, noise; reflexivity.
  - cbn [map app fold_right]. rewrite <- IH. unfold decide.
    destruct (has Killed gates) eqn:K; destruct (has Inconclusive gates) eqn:I;
    destruct g; unfold has in *; simpl;
    destruct (in_dec status_eq_dec Killed gates); try discriminate;
    destruct (in_dec status_eq_dec Inconclusive gates); try discriminate;
    destruct missing, noise; reflexivity.
Qed.

Theorem order_of_gates_does_not_matter gates others missing noise :
  Permutation gates others -> decide gates missing noise = decide others missing noise.
Proof.
  intros P. assert (E : forall s, has s gates = has s others).
  { intros s. destruct (has s gates) eqn:A; destruct (has s others) eqn:B; auto.
    - apply has_in in A. apply (Permutation_in _ P) in A. apply has_in in A. congruence.
    - apply has_in in B. apply (Permutation_in _ (Permutation_sym P)) in B. apply has_in in B. congruence. }
  unfold decide. rewrite !E. reflexivity.
Qed.

Theorem killed_iff_a_gate_is_killed gates missing noise :
  decide gates missing noise = KILLED <-> In Killed gates.
Proof.
  rewrite <- has_in. unfold decide. destruct (has Killed gates); [tauto|].
  split; [|discriminate]. destruct (has Inconclusive gates), missing, noise; discriminate.
Qed.

(* a gate that is killed stays so whatever else is measured or missing *)
Theorem a_kill_stays gates more missing noise missing' noise' :
  decide gates missing noise = KILLED -> decide (gates ++ more) missing' noise' = KILLED.
Proof. rewrite !killed_iff_a_gate_is_killed. intros. apply in_or_app; auto. Qed.

Theorem survived_iff_nothing_objects gates missing noise :
  decide gates missing noise = SURVIVED <->
  (~ In Killed gates /\ ~ In Inconclusive gates /\ missing = false /\ noise = false).
Proof.
  rewrite <- !has_in. unfold decide. destruct (has Killed gates), (has Inconclusive gates), missing, noise; split;
  intros H; try discriminate; try reflexivity; try (repeat split; congruence);
  destruct H as (A & B & C & D); congruence.
Qed.

(* another gate can only bring the verdict forward *)
Theorem another_gate_never_rescues g gates missing noise :
  before (decide (g :: gates) missing noise) (decide gates missing noise).
Proof.
  rewrite !verdict_is_the_first_of_its_parts. unfold parts. cbn [map app fold_right]. unfold first at 1, before.
  destruct (Nat.leb_spec (rank (of_status g)) (rank (fold_right first SURVIVED
    (map of_status gates ++ (if missing then [INCOMPLETE] else []) ++ (if noise then [VACUOUS] else []))))); lia.
Qed.

(* of one gate: its status from whether an instrument is out of line, a cell is missing, the rule holds *)
Definition judge (broken missing met : bool) : status :=
  if broken then Inconclusive else if missing then NotRun else if met then Met else Killed.

Theorem only_sound_and_complete_gates_kill broken missing met :
  judge broken missing met = Killed <-> (broken = false /\ missing = false /\ met = false).
Proof. destruct broken, missing, met; simpl; split; intros H; try discriminate; auto; destruct H as (A & B & C);
  discriminate. Qed.
